"""Webhooks of eSIM Access: unsigned, checked by their source, normalised (reference section 2)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from simplane.core import clock
from simplane.core.clock import parse_time
from simplane.core.errors import Refusal
from simplane.core.telecom import clean_iccid
from simplane.suppliers.errors import BadWebhook
from simplane.suppliers.esimaccess.lines import axes
from simplane.suppliers.values import LineStatus, SupplierEvent, Verdict

PUBLISHED_SOURCES = frozenset({"3.1.131.226", "54.254.74.88", "18.136.190.97", "18.136.60.197", "18.136.19.137"})
_ON_PHONE = ("installed", "enabled")


def verify(source_ip: str, allowed: Collection[str] | None) -> Verdict:
    """From an address the vendor publishes it is a hint, never more. `allowed` None: a stand-in, from anywhere."""
    if allowed is None or source_ip in allowed:
        return Verdict(kind="hint", reason="unsigned")
    return Verdict(kind="refused", reason=f"{source_ip or 'no address'} is not eSIM Access's")


def parse(raw: bytes) -> Sequence[SupplierEvent]:
    """The one event of a notification. Raises BadWebhook."""
    try:
        body = msgspec.json.decode(raw)
        if not isinstance(body, dict):
            raise BadWebhook("not an object")
        return [_event(body, raw)]
    except (Refusal, ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise BadWebhook(f"a notification that can not be read: {problem}"[:300]) from problem


def _event(body: dict[str, Any], raw: bytes) -> SupplierEvent:
    topic, content = str(body.get("notifyType") or "unknown"), body.get("content") or {}
    written = body.get("eventGenerateTime")
    event = SupplierEvent(
        kind="other",
        # An older format has no notifyId.
        dedupe_key=str(body.get("notifyId") or hashlib.sha256(raw).hexdigest()),
        at=parse_time(written) if isinstance(written, str) and written else None,
        topic=topic,
        order_id=_text(content, "orderNo"),
        reference=_text(content, "transactionId"),
        line_id=_text(content, "esimTranNo"),
        iccid=clean_iccid(_text(content, "iccid")) if content.get("iccid") else "",
        raw=body,
    )
    at = event.at or clock.now()
    match topic:
        case "CHECK_HEALTH":
            return replace(event, kind="probe", order_id="")
        case "ORDER_STATUS":
            return replace(event, kind="order")
        case "ESIM_STATUS" | "SMDP_EVENT":
            return _of_line(event, content, at)
        case "DATA_USAGE":
            return replace(event, kind="usage", status=_usage(content, at))
        case "VALIDITY_USAGE":
            status = LineStatus(at=at, expires_at=_time(content, "expiredTime"))
            return replace(event, kind="line", moment="expiring", status=status)
    return event


def _of_line(event: SupplierEvent, content: dict[str, Any], at: datetime) -> SupplierEvent:
    profile, plan, service = axes(content.get("esimStatus"), content.get("smdpStatus"))
    used = _number(content, "orderUsage")
    status = LineStatus(
        at=at,
        profile=profile,
        plan=plan,
        service=service,
        data_total=_number(content, "totalVolume"),
        data_used=used,
        usage_at=at if used is not None else None,
        eid=_text(content, "eid"),
    )
    return replace(event, kind="line", moment="installed" if profile in _ON_PHONE else "", status=status)


def _usage(content: dict[str, Any], at: datetime) -> LineStatus:
    """`remain` is bytes here (in VALIDITY_USAGE it is days)."""
    total, remain = _number(content, "totalVolume"), _number(content, "remain")
    return LineStatus(
        at=at,
        plan="depleted" if remain is not None and remain <= 0 else None,
        data_total=total,
        data_used=_number(content, "orderUsage"),
        usage_at=_time(content, "lastUpdateTime") or at,
    )


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    return str(value) if isinstance(value, str | int) else ""


def _number(content: dict[str, Any], name: str) -> int | None:
    value = content.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(content: dict[str, Any], name: str) -> datetime | None:
    value = content.get(name)
    return parse_time(value) if isinstance(value, str) and value else None
