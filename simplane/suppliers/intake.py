"""Webhooks of suppliers at the door: our unguessable address, then the vendor's own check."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass

from simplane.suppliers import registry
from simplane.suppliers.errors import BadWebhook
from simplane.suppliers.models import Supplier

CACHE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Genuine:
    """May be stored. `trusted`: signed; else a hint to be confirmed by a read."""

    account: str
    delivery_id: str
    topic: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Not from this supplier: the HTTP status to answer, and why (for our log only)."""

    status: int
    reason: str


_cache: dict[str, tuple[float, Supplier | None]] = {}


def verify(code: str, token: str, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Genuine | Refused:
    """Check a delivery to /webhooks/suppliers/<code>/<token>. Headers by lower-case name."""
    supplier = _supplier(code)
    if supplier is None or not hmac.compare_digest(supplier.webhook_token.encode(), token.encode()):
        return Refused(404, "no such address")
    return _judged(supplier, headers, raw, source_ip)


def verify_vendor(vendor: str, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Genuine | Refused:
    """Check a delivery to an address without a token: the vendor's own check must tell whose account it is."""
    accounts = list(Supplier.objects.filter(vendor=vendor, active=True).order_by("pk"))
    judged = [_judged(one, headers, raw, source_ip) for one in accounts]
    good = [one for one in judged if isinstance(one, Genuine)]
    if len(good) == 1:
        return good[0]
    if not accounts:
        return Refused(404, "no such address")
    return Refused(401, "two accounts have the same credentials" if good else "credentials of no account")


def _judged(supplier: Supplier, headers: Mapping[str, str], raw: bytes, source_ip: str) -> Genuine | Refused:
    adapter = registry.unshared(supplier)
    verdict = adapter.verify_webhook(headers, raw, source_ip)
    if verdict.kind == "refused":
        return Refused(401, verdict.reason)
    try:
        events = adapter.parse_webhook(raw)
    except BadWebhook:
        events = []  # genuine and not understood: stored, answered 200 and flagged, for no retry will mend it
    key = events[0].dedupe_key if len(events) == 1 else hashlib.sha256(raw).hexdigest()
    topic = events[0].topic if events else "unreadable"
    return Genuine(supplier.code, key, topic, trusted=verdict.kind == "verified")


def _supplier(code: str) -> Supplier | None:
    now = time.monotonic()
    known = _cache.get(code)
    if known is None or now - known[0] > CACHE_SECONDS:
        if len(_cache) > 200:
            _cache.clear()
        known = (now, Supplier.objects.filter(code=code).first())
        _cache[code] = known
    return known[1]
