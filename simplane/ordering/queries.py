"""What others ask about orders."""

from __future__ import annotations

from django.db.models import Q

from simplane.ordering import states


def given_back() -> Q:
    """Units that the shop took back, or whose taking back waits for a supplier.

    What we gave up by ourselves is none of them: the shop owes it until it pays back.
    """
    wanted = ~Q(cancel_wanted__in=["", states.GIVEN_UP])
    compensated = Q(compensation__isnull=False) & ~Q(compensation__reason=states.GIVEN_UP)
    return Q(state__in=states.TAKEN_BACK) | wanted | compensated
