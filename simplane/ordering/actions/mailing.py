"""The install mail of a unit: written with the change that makes it owed, sent by a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import connection

from simplane.core import clock, jobs
from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.delivery.actions import Ready, esim_context, queue_esim_ready, queue_first_esim_ready
from simplane.delivery.links import unit_token
from simplane.delivery.mime import greeted
from simplane.delivery.models import Message
from simplane.ordering.actions.hand_over import delivered
from simplane.ordering.actions.recipients import ONLY_MEMBERS, limited, may_mail, refuse_strangers
from simplane.ordering.models import Unit

S = Unit.State


@needs_transaction
def queue_mail(unit: Unit, *, again: bool = False, to: str = "") -> None:
    """Write the install mail of a unit (its order, customer, product and line loaded) and the job that sends it."""
    assert unit.line is not None
    order = unit.order
    if again:
        refuse_strangers(order, to or order.customer.email)
    elif not may_mail(order, order.customer.email):
        _without_mail(unit)
        return
    number, count = _places([unit.pk])[unit.pk]
    address = to or (order.customer.email if "@" in order.customer.email else "")
    version = 1 + Message.objects.filter(unit_id=unit.pk, kind="esim_ready").count() if again else 1
    message = queue_esim_ready(
        unit_id=unit.pk,
        order_id=unit.order_id,
        line=unit.line,
        to=address,
        customer_name=order.customer.name,
        product_name=unit.product.name,
        order_name=order.name if greeted(order.name) else order.public_id,
        unit_number=number,
        unit_count=count,
        locale=order.locale,
        price=Money(unit.price_minor, unit.currency),
        account_id=limited(order),
        version=version,
    )
    if unit.state == S.READY:
        if again:
            Unit.objects.filter(pk=unit.pk).update(due_at=clock.now() + timedelta(seconds=60))
        jobs.enqueue("ordering.hand_over", unit_id=unit.pk)
    else:
        jobs.enqueue("delivery.send", message_id=message.pk)


@needs_transaction
def _without_mail(unit: Unit) -> None:
    """It is there for the one who ordered it, who can read it; nobody is written to."""
    assert unit.line is not None
    unit_token(unit_id=unit.pk, order_id=unit.order_id, line=unit.line, locale=unit.order.locale)
    if unit.state == S.READY:
        delivered(unit, why=ONLY_MEMBERS)


@needs_transaction
def queue_first_mails(units: Sequence[Unit], rids: Mapping[int, str]) -> None:
    """As `queue_mail` for units that just became ready, in a few statements for all of them."""
    places = _places([unit.pk for unit in units])
    queue_first_esim_ready(
        [
            Ready(
                unit_id=unit.pk,
                order_id=unit.order_id,
                line_id=_line(unit),
                to=unit.order.customer.email,
                locale=unit.order.locale,
                context=esim_context(
                    customer_name=unit.order.customer.name,
                    product_name=unit.product.name,
                    order_name=unit.order.name,
                    unit_number=places[unit.pk][0],
                    unit_count=places[unit.pk][1],
                    price=Money(unit.price_minor, unit.currency),
                ),
            )
            for unit in units
        ]
    )
    jobs.enqueue_many("ordering.hand_over", [{"unit_id": unit.pk, "_rid": rids[unit.pk]} for unit in units])


def _line(unit: Unit) -> int:
    assert unit.line_id is not None
    return unit.line_id


def _places(unit_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Which of how many eSIMs of its order each unit is, counting from 1."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES, [list(unit_ids)])
        return {pk: (number, count) for pk, number, count in cursor.fetchall()}


PLACES = """
SELECT one.id, count(*) FILTER (WHERE other.id <= one.id), count(*)
FROM ordering_unit AS one JOIN ordering_unit AS other USING (order_id) WHERE one.id = ANY(%s) GROUP BY one.id
"""
