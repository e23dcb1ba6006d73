"""The state of an eSIM at eSIM Go, normalised (reference 1.4 and 7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from simplane.core.clock import parse_time
from simplane.suppliers.esimgo import wire
from simplane.suppliers.values import LineStatus

PROFILES: Mapping[str, str] = MappingProxyType(
    {"released": "released", "downloaded": "downloaded", "installed": "installed", "unavailable": "unknown"}
)
SERVICES: Mapping[str, str] = MappingProxyType(
    {"active": "active", "suspended": "suspended", "deactivated": "terminated"}
)
_PLANS = (
    ("active", "active"),
    ("processing", "queued"),
    ("queued", "queued"),
    ("depleted", "depleted"),
    ("expired", "expired"),
    ("lapsed", "expired"),
)
"""Bundle states and what they make of the line's plan, the one that says most about the traveller first."""
_LIVE = frozenset({"active", "processing", "queued", "depleted"})
_UNITS: Mapping[str, int] = MappingProxyType(
    {"BYTES": 1, "BYTE": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
)


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a line; both None when it is unlimited or the answer does not say."""

    total: int | None
    used: int | None


def status(esim: wire.Esim, assignments: Sequence[wire.Assignment], at: datetime) -> LineStatus:
    """A line as `GET /esims/{iccid}` and its bundles show it."""
    made = plan_status(assignments, at)
    deactivated = (esim.profile_status or "").lower() == "deactivated"
    service = "terminated" if deactivated else SERVICES.get((esim.state or "").lower())
    return replace(
        made,
        profile=PROFILES.get((esim.profile_status or "").lower()),
        service=made.service or service or "active",
        installed_at=wire.moment(esim.first_installed),
        raw={"profileStatus": esim.profile_status, "state": esim.state, **made.raw},
    )


def plan_status(assignments: Sequence[wire.Assignment], at: datetime) -> LineStatus:
    """What the bundles alone say. A line whose every bundle was revoked is terminated (2.4 knows no other end)."""
    states = [(one.bundle_state or "").lower() for one in assignments]
    revoked = bool(states) and all(state == "revoked" for state in states)
    plan = "expired" if revoked else next((plan for word, plan in _PLANS if word in states), None)
    running = [one.end_time for one in assignments if (one.bundle_state or "").lower() in ("active", "depleted")]
    ended = [one.end_time for one in assignments if (one.bundle_state or "").lower() == "expired"]
    ends = [parse_time(text) for text in (running or ended) if text]
    found = data(assignments)
    return LineStatus(
        at=at,
        plan=plan,
        service="terminated" if revoked else None,
        data_total=found.total,
        data_used=found.used,
        usage_at=at if found.used is not None else None,
        expires_at=max(ends) if ends else None,
        raw={"bundleStates": states},
    )


def data(assignments: Iterable[wire.Assignment]) -> Data:
    """Data of a line: what its living bundles hold together, or its dead ones when none lives."""
    known = list(assignments)
    living = [one for one in known if (one.bundle_state or "").lower() in _LIVE]
    parts = [_data_of(one) for one in living or known]
    return _sum(parts)


def _data_of(one: wire.Assignment) -> Data:
    parts = [part for part in one.allowances or () if (part.type or "").upper() == "DATA"]
    if not parts:
        return _data(one.initial_quantity, one.remaining_quantity, unlimited=bool(one.unlimited))
    found = [
        _data(
            in_bytes(part.initial_amount, part.unit),
            in_bytes(part.remaining_amount, part.unit),
            unlimited=bool(part.unlimited),
        )
        for part in parts
    ]
    return _sum(found)


def _sum(parts: Sequence[Data]) -> Data:
    if not parts or any(part.total is None or part.used is None for part in parts):
        return Data(None, None)
    return Data(sum(part.total or 0 for part in parts), sum(part.used or 0 for part in parts))


def _data(initial: float | None, remaining: float | None, *, unlimited: bool) -> Data:
    if unlimited or initial is None or remaining is None:
        return Data(None, None)
    return Data(int(initial), max(int(initial) - int(remaining), 0))


def in_bytes(amount: float | None, unit: str | None) -> int | None:
    """An amount by its unit's text (1 GB = 1,000,000,000 bytes here). Raises ValueError for a unit we do not know."""
    if amount is None:
        return None
    factor = _UNITS.get((unit or "").strip().upper())
    if factor is None:
        raise ValueError(f"{unit!r} is not a unit of data")
    return int(amount * factor)
