"""The install mail of a unit: written with the change that makes it owed, sent by a job."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from simplane.core import clock, jobs
from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.delivery.actions import queue_esim_ready
from simplane.delivery.models import Message
from simplane.ordering.models import Unit

S = Unit.State


@needs_transaction
def queue_mail(unit: Unit, *, again: bool = False, to: str = "") -> None:
    """Write the install mail of a unit (its order, customer, product and line loaded) and the job that sends it."""
    assert unit.line is not None
    order = unit.order
    number, count = _place(unit)
    address = to or (order.customer.email if "@" in order.customer.email else "")
    version = 1 + Message.objects.filter(unit_id=unit.pk, kind="esim_ready").count() if again else 1
    message = queue_esim_ready(
        unit_id=unit.pk,
        order_id=unit.order_id,
        line=unit.line,
        to=address,
        customer_name=order.customer.name,
        product_name=unit.product.name,
        order_name=order.name,
        unit_number=number,
        unit_count=count,
        locale=order.locale,
        price=Money(unit.price_minor, unit.currency),
        version=version,
    )
    if unit.state == S.READY:
        if again:
            Unit.objects.filter(pk=unit.pk).update(due_at=clock.now() + timedelta(seconds=60))
        jobs.enqueue("ordering.hand_over", unit_id=unit.pk)
    else:
        jobs.enqueue("delivery.send", message_id=message.pk)


def _place(unit: Unit) -> tuple[int, int]:
    """Which of how many eSIMs of its order this is, counting from 1."""
    with connection.cursor() as cursor:
        cursor.execute(PLACE, [unit.pk, unit.order_id])
        number, count = cursor.fetchone()
    return number, count


PLACE = "SELECT count(*) FILTER (WHERE id <= %s), count(*) FROM ordering_unit WHERE order_id = %s"
