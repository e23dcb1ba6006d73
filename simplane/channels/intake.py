"""Webhooks of shops at the door: is it genuine, and under which key is it stored? Costs no query on the hot path."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from simplane.channels.models import Shop
from simplane.channels.shopify import webhook

CACHE_SECONDS = 5.0
MISMATCH_SECONDS = 1.0
"""A wrong signature looks at the database again (the secret may be new), but not more often than this a shop."""
MOST_REMEMBERED = 1000
"""Keys that are no shop's."""


@dataclass(frozen=True, slots=True)
class Intake:
    """A genuine delivery, to be stored as it is."""

    account: str
    delivery_id: str
    topic: str
    headers_to_store: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Not to be stored. `reason` is for our log, never for the answer."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Known:
    read_at: float
    domain: str
    secrets: tuple[bytes, ...]


_NOBODY = _Known(0.0, "", ())
_known: dict[str, _Known] = {}
_missed: dict[str, float] = {}
"""Keys that are no shop's, apart from the shops: whoever makes up thousands of them makes us forget none of ours."""


def verify(shop_key: str, headers: Mapping[str, str], raw: bytes) -> Intake | Refused:
    """Check a delivery to /webhooks/shopify/<shop_key>. Headers by lower-case name, the body as bytes.

    404 for an address that is no shop of ours, 401 for everything that is not surely from that shop.
    """
    known = _shop(shop_key, CACHE_SECONDS)
    if not known.secrets:
        return Refused(404, "no such shop")
    given = webhook.header(headers, "hmac-sha256")
    if not given:
        return Refused(401, "no signature")
    if not webhook.genuine(raw, given, known.secrets):
        known = _shop(shop_key, MISMATCH_SECONDS)
        if not webhook.genuine(raw, given, known.secrets):
            return Refused(401, "wrong signature")
    if webhook.header(headers, "shop-domain").lower() != known.domain:
        # Two shops of one merchant may share the app and so its secret.
        return Refused(401, "signed, but for another shop")
    return Intake(shop_key, webhook.delivery_id(headers, raw), webhook.topic(headers), webhook.evidence(headers))


def verify_known(shop_key: str, headers: Mapping[str, str], raw: bytes) -> Intake | None:
    """A delivery that is genuine by what is remembered, without any query; None: `verify` must look."""
    known = _known.get(shop_key)
    if known is None or time.monotonic() - known.read_at >= CACHE_SECONDS:
        return None
    given = webhook.header(headers, "hmac-sha256")
    if not given or not webhook.genuine(raw, given, known.secrets):
        return None
    if webhook.header(headers, "shop-domain").lower() != known.domain:
        return None
    return Intake(shop_key, webhook.delivery_id(headers, raw), webhook.topic(headers), webhook.evidence(headers))


def _shop(key: str, most_age: float) -> _Known:
    known = _known.get(key)
    if known is not None and time.monotonic() - known.read_at < most_age:
        return known
    if known is None and time.monotonic() - _missed.get(key, -CACHE_SECONDS) < CACHE_SECONDS:
        return _NOBODY
    row = Shop.objects.filter(key=key, channel="shopify").only("domain", "credentials").first()
    if row is None:
        _known.pop(key, None)
        _miss(key)
        return _NOBODY
    _known[key] = _Known(time.monotonic(), row.domain.lower(), _secrets(row))
    return _known[key]


def _miss(key: str) -> None:
    if len(_missed) >= MOST_REMEMBERED:
        _missed.clear()
    _missed[key] = time.monotonic()


def _secrets(row: Shop) -> tuple[bytes, ...]:
    current = row.credentials.get("client_secret") or ""
    before = row.credentials.get("previous_client_secrets") or []
    return tuple(secret.encode() for secret in [current, *before] if isinstance(secret, str) and secret)
