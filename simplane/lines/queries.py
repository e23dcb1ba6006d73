"""What others ask about lines."""

from __future__ import annotations

from django.db.models import QuerySet

from simplane.core.telecom import ActivationCode
from simplane.lines.models import Line, PlanState, ProfileState, ServiceState
from simplane.suppliers.values import LineRef


def activation_code(line: Line) -> ActivationCode:
    """What the phone needs. A bearer secret: shown to its owner, never logged."""
    return ActivationCode(line.smdp, line.matching_id, line.oid, line.confirmation_code_required)


def supplier_ref(line: Line) -> LineRef:
    """How the supplier knows this line (needs `purchase__offer` loaded to stay one query)."""
    return LineRef(
        line_id=line.supplier_line_id,
        iccid=line.iccid,
        order_id=line.plan_order_id or line.purchase.supplier_order_id,
        offer_code=line.plan_offer_code or line.purchase.offer.code,
    )


def is_over(line: Line) -> bool:
    """Whether it was ended, or its plan is over: no supplier takes it back then."""
    terminated = line.service_state == ServiceState.TERMINATED
    return terminated or line.ended_at is not None or line.plan_state == PlanState.EXPIRED


def without_confirmation_code() -> QuerySet[Line]:
    """eSIMs that can not be installed yet: their phone will ask for a code that the supplier did not give."""
    waiting = [ProfileState.RELEASED, ProfileState.UNKNOWN]
    needed = Line.objects.filter(confirmation_code_required=True, confirmation_code__isnull=True, ended_at__isnull=True)
    return needed.filter(profile_state__in=waiting)
