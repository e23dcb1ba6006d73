"""What invoices of companies say of a unit: the plan as the company calls it, who has it, and where it was booked then."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.billing import port
from simplane.billing.port import Named
from simplane.billing.values import LineKind
from simplane.fleet.models import Operation, PlanPeriod
from simplane.ordering.models import Unit
from simplane.organizations.models import Organization


def named(organization: Organization, units: Sequence[str]) -> dict[str, Named]:
    """Units that were bought for a line of this company, by the wish that bought them. Call in `everywhere()`."""
    public = dict(Unit.objects.filter(organization=organization, public_id__in=units).values_list("pk", "public_id"))
    wishes = Operation.objects.filter(organization=organization, unit_id__in=public)
    found = {}
    booked = dict(
        PlanPeriod.objects.filter(operation__in=wishes, cost_centre__isnull=False).values_list(
            "operation_id", "cost_centre__code"
        )
    )
    for wish in wishes.select_related("plan__product", "line__employee", "line__cost_centre", "line__plan__product"):
        centre = wish.line.cost_centre
        plan = wish.plan or wish.line.plan
        found[public[wish.unit_id]] = Named(
            what=f"Change to {plan.name}" if wish.kind == Operation.Kind.CHANGE_PLAN else plan.name,
            sku=plan.product.sku,
            kind=LineKind.TOP_UP if wish.kind == Operation.Kind.TOP_UP else LineKind.PLAN,
            person=_person(wish),
            cost_centre=booked.get(wish.pk, centre.code if centre else ""),
        )
    return found


def register() -> None:
    """Tell billing."""
    port.register_namer(named)


def _person(wish: Operation) -> str:
    one = wish.line.employee
    if one is None:
        return str(wish.line.label)
    name = f"{one.given_name} {one.family_name}".strip() or str(one.user_name)
    return f"{name} ({one.external_id})" if one.external_id else name
