"""What state a line is in, from what its supplier said on three axes. One table; nothing else decides it."""

from __future__ import annotations

from simplane.fleet.models import FleetLine, Operation, Service
from simplane.lines.models import Line, PlanState, ProfileState, ServiceState

S, Op = FleetLine.State, Operation.State
OPEN = frozenset({Op.AWAITING_APPROVAL, Op.REQUESTED, Op.SENT, Op.UNKNOWN})
"""Operations that are not over; at most one a line."""
OVER = frozenset({S.ENDED, S.FAILED})
"""Lines of which nothing more comes."""
INSTALLED = (ProfileState.INSTALLED, ProfileState.ENABLED, ProfileState.DISABLED)
SERVICE = {
    ServiceState.ACTIVE: Service.ACTIVE,
    ServiceState.DELETION_SCHEDULED: Service.ACTIVE,
    ServiceState.SUSPENDED: Service.SUSPENDED,
    ServiceState.TERMINATED: Service.TERMINATED,
}


def state_of(line: Line) -> FleetLine.State:
    """The one word for a line that has an eSIM: the end before a pause, a pause before what the plan says."""
    if line.service_state == ServiceState.TERMINATED:
        return S.ENDED
    if line.service_state == ServiceState.SUSPENDED:
        return S.SUSPENDED
    if line.plan_state == PlanState.EXPIRED:
        return S.EXPIRED
    if line.plan_state == PlanState.DEPLETED:
        return S.DEPLETED
    if line.plan_state == PlanState.ACTIVE:
        return S.ACTIVE
    return S.INSTALLED if line.profile_state in INSTALLED else S.READY
