"""What a ready unit needs to come to whoever ordered it."""

from __future__ import annotations

from simplane.core.db import needs_transaction
from simplane.delivery.links import unit_token
from simplane.ordering import money
from simplane.ordering.actions.hand_over import delivered
from simplane.ordering.actions.mailing import queue_mail
from simplane.ordering.models import Unit


@needs_transaction
def bring(unit: Unit) -> None:
    """Mail the eSIM of a ready unit (its order, customer, product and line loaded), or call it delivered at once.

    A mail that was written before stays the one.
    """
    assert unit.line is not None
    if unit.book == money.WHOLESALE and "@" not in unit.order.customer.email:
        # Whoever ordered hands it over: it is theirs as soon as it can be read.
        unit_token(unit_id=unit.pk, order_id=unit.order_id, line=unit.line, locale=unit.order.locale)
        delivered(unit, why="ready for the one who ordered it")
    else:
        queue_mail(unit)
