"""What others ask about orders."""

from __future__ import annotations

from django.db.models import Count

from simplane.ordering import states
from simplane.ordering.models import Unit


def delivered_lines(order_id: int) -> dict[str, int]:
    """Units delivered so far, by the shop's line id."""
    rows = (
        Unit.objects.filter(order_id=order_id, state=Unit.State.DELIVERED)
        .values_list("external_line")
        .annotate(Count("pk"))
    )
    return dict(rows)


def has_open_units(order_id: int) -> bool:
    """Whether units of this order are still on their way by themselves (dead ones are not)."""
    resting = [*states.ENDED, Unit.State.DEAD]
    return Unit.objects.filter(order_id=order_id).exclude(state__in=resting).exists()
