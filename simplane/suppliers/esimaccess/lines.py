"""The state of an eSIM at eSIM Access, normalised: a function of `esimStatus` and `smdpStatus` (reference 2 and 7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from simplane.core.clock import parse_time
from simplane.core.money import Money
from simplane.core.telecom import clean_iccid, parse_activation_code
from simplane.suppliers.esimaccess import wire
from simplane.suppliers.values import FoundOrder, IssuedLine, LineStatus

PROFILES: Mapping[str, str] = MappingProxyType(
    {
        "RELEASED": "released",
        "DOWNLOAD": "downloaded",
        "INSTALLATION": "installed",
        "ENABLED": "enabled",
        "DISABLED": "disabled",
        "DELETED": "deleted",
    }
)
_PLANS: Mapping[str, str] = MappingProxyType(
    {
        "CREATE": "queued",
        "PAYING": "queued",
        "PAID": "queued",
        "GETTING_RESOURCE": "queued",
        "GOT_RESOURCE": "queued",
        "IN_USE": "active",
        "USED_UP": "depleted",
        "UNUSED_EXPIRED": "expired",
        "USED_EXPIRED": "expired",
        "CANCEL": "expired",
        "REVOKE": "expired",
        "REVOKED": "expired",
    }
)
USAGE_LAG = timedelta(hours=3)
"""Usage that is read is two to three hours old (reference 2); what a notice tells with its own time is newer."""
CANCELLED = "CANCEL"
"""Given back for its price."""
_ENDED = frozenset({CANCELLED, "REVOKE", "REVOKED"})
_ON_ITS_WAY = frozenset({"CREATE", "PAYING", "PAID", "GETTING_RESOURCE"})
OVER = frozenset({*_ENDED, "UNUSED_EXPIRED", "USED_EXPIRED"})
"""Nothing is left to end."""


def axes(esim_status: str | None, smdp_status: str | None) -> tuple[str | None, str | None, str | None]:
    """Profile, plan and service; None where the words say nothing."""
    word = (esim_status or "").upper()
    service = None
    if word:
        service = "terminated" if word in _ENDED else "suspended" if word == "SUSPENDED" else "active"
    return PROFILES.get((smdp_status or "").upper()), _PLANS.get(word), service


def status(line: wire.Line, at: datetime) -> LineStatus:
    """A line as a query shows it at `at`. Its usage is older, and the answer does not say how old: see USAGE_LAG."""
    profile, plan, service = axes(line.esim_status, line.smdp_status)
    return LineStatus(
        at=at,
        profile=profile,
        plan=plan,
        service=service,
        data_total=line.total_volume,
        data_used=line.order_usage,
        usage_at=at - USAGE_LAG if line.order_usage is not None else None,
        expires_at=parse_time(line.expired_time) if line.expired_time else None,
        eid=line.eid or "",
        raw={"esimStatus": line.esim_status, "smdpStatus": line.smdp_status},
    )


def issued(line: wire.Line, cost: Money | None = None) -> IssuedLine | None:
    """The eSIM, or None while it is not there yet."""
    if not line.ac or not line.iccid or (line.esim_status or "").upper() in _ON_ITS_WAY:
        return None
    return IssuedLine(
        order_id=line.order_no or "",
        line_id=line.esim_tran_no,
        iccid=clean_iccid(str(line.iccid)),
        code=parse_activation_code(line.ac),
        cost=cost,
        apn=(line.apn or "")[:60],
        data_total=line.total_volume,
        expires_at=parse_time(line.expired_time) if line.expired_time else None,
    )


def found(lines: Iterable[wire.Line], offer_code: str, otherwise_at: datetime) -> list[FoundOrder]:
    """Orders of one package among listed lines; `otherwise_at` is the time of one that names none."""
    orders: dict[str, list[wire.Line]] = {}
    for line in lines:
        bought = line.package_list[0] if line.package_list else None
        if bought is None or bought.package_code in (None, offer_code):
            orders.setdefault(line.order_no or "", []).append(line)
    orders.pop("", None)
    return [_found(number, mine, offer_code, otherwise_at) for number, mine in orders.items()]


def _found(number: str, mine: list[wire.Line], offer_code: str, otherwise_at: datetime) -> FoundOrder:
    created = mine[0].package_list[0].create_time if mine[0].package_list else None
    return FoundOrder(
        order_id=number,
        offer_code=offer_code,
        quantity=len(mine),
        total=None,
        created_at=parse_time(created) if created else otherwise_at,
        reference=mine[0].transaction_id or "",
        iccids=tuple(clean_iccid(str(line.iccid)) for line in mine if line.iccid),
        done=all(issued(line) is not None for line in mine),
    )
