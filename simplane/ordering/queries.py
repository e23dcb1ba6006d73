"""What others ask about orders."""

from __future__ import annotations

from django.db.models import Count, Q

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


def given_back() -> Q:
    """Units that the shop took back, or whose taking back waits for a supplier.

    What we gave up by ourselves is none of them: the shop owes it until it pays back.
    """
    wanted = ~Q(cancel_wanted__in=["", states.GIVEN_UP])
    compensated = Q(compensation__isnull=False) & ~Q(compensation__reason=states.GIVEN_UP)
    return Q(state__in=states.TAKEN_BACK) | wanted | compensated
