"""Stripe's events at the door: is it genuine, and under which key is it stored?"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from simplane.core.late import Late
from simplane.payments.models import StripeAccount

if TYPE_CHECKING:
    import stripe
else:
    stripe = Late("stripe")

TOLERANCE_SECONDS = 300
CACHE_SECONDS = 5.0
KEPT = ("user-agent", "content-type", "stripe-signature")


@dataclass(frozen=True, slots=True)
class Intake:
    """A genuine event, to be stored as it is."""

    account: str
    delivery_id: str
    topic: str
    headers_to_store: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Not to be stored. `reason` is for our log, never for the answer."""

    status: int
    reason: str


_known: dict[str, tuple[float, tuple[str, ...]]] = {}


def verify(account_key: str, headers: Mapping[str, str], raw: bytes) -> Intake | Refused:
    """Check an event sent to /webhooks/stripe/<account_key>. Headers by lower-case name, the body as bytes.

    A wrong signature looks at the database again: the secret may be new.
    """
    secrets = _secrets(account_key, CACHE_SECONDS)
    if not secrets:
        return Refused(404, "no such account")
    given = headers.get("stripe-signature", "")
    problem = _problem(raw, given, secrets)
    if problem:
        problem = _problem(raw, given, _secrets(account_key, 1.0))
    if problem:
        return Refused(401, problem)
    delivery_id, topic = _named(raw)
    kept = {name: headers[name] for name in KEPT if name in headers}
    return Intake(account_key, delivery_id, topic, kept)


def forget() -> None:
    """Have the next look read the secrets again."""
    _known.clear()


def _problem(raw: bytes, given: str, secrets: tuple[str, ...]) -> str:
    """Why it is not genuine, or empty. Stamps are real time, whatever our clock says."""
    if not given.isascii():
        return "a signature of other signs than ASCII"
    problem = "no secret"
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(raw, given, secret, TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, ValueError) as error:
            problem = str(error)
            continue
        return "signed in the future" if _stamp(given) > time.time() + TOLERANCE_SECONDS else ""
    return problem


def _stamp(given: str) -> int:
    return next(int(part[2:]) for part in given.split(",") if part.startswith("t="))


def _secrets(account_key: str, most_age: float) -> tuple[str, ...]:
    known = _known.get(account_key)
    if known is not None and time.monotonic() - known[0] < most_age:
        return known[1]
    row = StripeAccount.objects.filter(key=account_key).only("credentials").first()
    if row is None:
        return ()
    found = [row.credentials.get("webhook_secret"), *(row.credentials.get("previous_webhook_secrets") or [])]
    secrets = tuple(one for one in found if isinstance(one, str) and one.strip())
    _known[account_key] = (time.monotonic(), secrets)
    return secrets


def _named(raw: bytes) -> tuple[str, str]:
    """Its id and type; of a body that is no event a hash of it, so that it is kept and shown to a person."""
    try:
        event = msgspec.json.decode(raw)
        return str(event["id"])[:200], str(event["type"])[:120]
    except (msgspec.DecodeError, KeyError, TypeError):
        return hashlib.sha256(raw).hexdigest(), "unreadable"
