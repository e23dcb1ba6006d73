"""How an eSIM stands in a traveller's eyes, from the unit owed and the line bought for it. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from simplane.lines.models import Line, PlanState, ProfileState, ServiceState
from simplane.ordering.models import Unit

S = Unit.State
_ON_A_PHONE = (ProfileState.INSTALLED, ProfileState.ENABLED, ProfileState.DISABLED)


class PageState(StrEnum):
    """The names are those of the texts in `delivery.languages`."""

    PREPARING = "preparing"
    DELAYED = "delayed"
    READY = "ready"
    INSTALLED = "installed"
    ACTIVE = "active"
    USED_UP = "used_up"
    REMOVED = "removed"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    ENDED = "ended"


WAITING = frozenset({PageState.PREPARING, PageState.DELAYED})
"""It will change by itself: the page looks again."""
WITH_CODES = frozenset(
    {
        PageState.READY,
        PageState.INSTALLED,
        PageState.ACTIVE,
        PageState.USED_UP,
        PageState.REMOVED,
        PageState.SUSPENDED,
    }
)
"""The activation code may be shown. In every other state it is worth nothing to the buyer, or no longer theirs."""


def page_state(unit: Unit, *, order_is_late: bool, now: datetime) -> PageState:
    """Judge one unit with its line loaded. `order_is_late`: the delivery clock has taken a step."""
    if unit.state == S.FAILED:
        return PageState.FAILED
    if unit.state in (S.CANCELLED, S.REFUNDED) or unit.cancel_wanted:
        return PageState.CANCELLED
    if unit.line is None or unit.state not in (S.READY, S.DELIVERED):
        return PageState.DELAYED if order_is_late or unit.state == S.DEAD else PageState.PREPARING
    return _over(unit.line, now) or _running(unit.line)


def _over(line: Line, now: datetime) -> PageState | None:
    if line.plan_state == PlanState.EXPIRED or (line.expires_at is not None and line.expires_at <= now):
        return PageState.EXPIRED
    if line.service_state == ServiceState.TERMINATED or line.ended_at is not None:
        return PageState.USED_UP if line.plan_state == PlanState.DEPLETED else PageState.ENDED
    return None


def _running(line: Line) -> PageState:
    if line.service_state == ServiceState.SUSPENDED:
        return PageState.SUSPENDED
    if line.plan_state == PlanState.DEPLETED:
        return PageState.USED_UP
    if line.profile_state == ProfileState.DELETED:
        return PageState.REMOVED
    used = line.first_use_at is not None or line.attached_at is not None or bool(line.data_used)
    on_a_phone = line.installed_at is not None or line.profile_state in _ON_A_PHONE
    if used or (on_a_phone and line.plan_state == PlanState.ACTIVE):
        return PageState.ACTIVE
    return PageState.INSTALLED if on_a_phone else PageState.READY
