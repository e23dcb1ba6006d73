"""Callbacks of eSIM Go: signature and events (reference 1.5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from simplane.core import clock
from simplane.core.clock import parse_time
from simplane.core.errors import Refusal
from simplane.core.money import rounded
from simplane.core.telecom import clean_iccid
from simplane.suppliers.errors import BadWebhook
from simplane.suppliers.esimgo.lines import PROFILES
from simplane.suppliers.values import LineStatus, SupplierEvent, Verdict

SIGNATURE_HEADER = "x-signature-sha256"


def verify(headers: Mapping[str, str], raw: bytes, keys: Sequence[str], *, signed_only: bool) -> Verdict:
    """HMAC-SHA256 of the raw body with the API key, base64 or hex; an older key counts while it is kept.

    Version 2 callbacks are unsigned and only a hint. `signed_only`: the account sends version 3, refuse any other.
    """
    given = headers.get(SIGNATURE_HEADER, "").strip()
    if not given:
        return (
            Verdict(kind="refused", reason="no signature") if signed_only else Verdict(kind="hint", reason="unsigned")
        )
    genuine = False
    for key in keys:
        digest = hmac.new(key.encode(), raw, hashlib.sha256).digest()
        as_base64 = hmac.compare_digest(base64.b64encode(digest), given.encode())
        as_hex = hmac.compare_digest(digest.hex().encode(), given.lower().encode())
        genuine = genuine or as_base64 or as_hex
    return Verdict(kind="verified") if genuine else Verdict(kind="refused", reason="wrong signature")


def parse(raw: bytes, currency: str) -> Sequence[SupplierEvent]:
    """The one event a callback carries. Raises BadWebhook. `currency` of the account, empty when unknown."""
    try:
        body = msgspec.json.decode(raw)
        if not isinstance(body, dict):
            raise BadWebhook("not an object")
        return [_event(body, hashlib.sha256(raw).hexdigest(), currency)]
    except (Refusal, ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise BadWebhook(f"a callback that can not be read: {problem}"[:300]) from problem


def _event(body: dict[str, Any], key: str, currency: str) -> SupplierEvent:
    topic = str(body.get("alertType") or body.get("event") or "")
    iccid = clean_iccid(str(body["iccid"])) if body.get("iccid") else ""
    date = body.get("date")
    event = SupplierEvent(
        kind="other",
        dedupe_key=key,
        at=parse_time(date) if isinstance(date, str) and date else None,
        topic=topic or "unknown",
        line_id=iccid,
        iccid=iccid,
        raw=body,
    )
    if topic in ("LowBalance", "InsufficientBalance"):
        return _balance(event, body, currency)
    read = _OF_A_LINE.get(topic)
    return read(event, body, event.at or clock.now()) if read and iccid else event


def _balance(event: SupplierEvent, body: dict[str, Any], currency: str) -> SupplierEvent:
    amount = (body.get("balanceInfo") or {}).get("balance")
    known = rounded(str(amount), currency) if amount is not None and currency else None
    return replace(event, kind="balance", balance=known)


def _utilisation(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    return replace(event, kind="usage", status=_bundle(body, at))


def _first_use(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    status = _bundle(body, at) if body.get("bundle") else LineStatus(at=at, plan="active")
    return replace(event, kind="line", moment="first_use", status=status)


def _bundle(body: dict[str, Any], at: datetime) -> LineStatus:
    """A version 2 or 3 bundle: quantities in bytes. Unlimited ones say nothing of what is left."""
    bundle = body["bundle"]
    initial, remaining = bundle.get("initialQuantity"), bundle.get("remainingQuantity")
    limited = not bundle.get("unlimited") and isinstance(initial, int | float) and isinstance(remaining, int | float)
    end = bundle.get("endTime")
    return LineStatus(
        at=at,
        plan="depleted" if limited and remaining <= 0 else "active",
        data_total=int(initial) if limited else None,
        data_used=max(int(initial) - int(remaining), 0) if limited else None,
        usage_at=at if limited else None,
        expires_at=parse_time(end) if end else None,
    )


def _attached(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    del body, at
    return replace(event, kind="line", moment="attached")


def _country(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    del at
    code = str((body.get("country") or {}).get("code") or "").upper()
    return replace(event, kind="line", moment="country", country=code[:2])


def _profile(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    word = str(body.get("status") or "").lower()
    service = "terminated" if word == "deactivated" else None
    device = body.get("device") or {}
    status = LineStatus(
        at=at,
        profile=PROFILES.get(word),
        service=service,
        installed_at=at if word == "installed" else None,
        eid=str(device.get("eid") or ""),
    )
    return replace(event, kind="line", moment="installed" if word == "installed" else "", status=status)


def _deletion_scheduled(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    del body
    status = LineStatus(at=at, service="deletion_scheduled")
    return replace(event, kind="line", moment="deletion_scheduled", status=status)


def _deleted(event: SupplierEvent, body: dict[str, Any], at: datetime) -> SupplierEvent:
    del body
    return replace(event, kind="line", status=LineStatus(at=at, service="terminated"))


_OF_A_LINE: Mapping[str, Callable[[SupplierEvent, dict[str, Any], datetime], SupplierEvent]] = {
    "Utilisation": _utilisation,
    "FirstUse": _first_use,
    "FirstAttachment": _attached,
    "CountryChange": _country,
    "ProfileStatusChange": _profile,
    "esim.deletion_scheduled": _deletion_scheduled,
    "esim.deleted": _deleted,
}
"""Top-ups, numbers and failed SMS change nothing we keep: they are stored as `other`."""
