"""Adding data to an eSIM that is there: what its line had before, and what follows when it is bought."""

from __future__ import annotations

from simplane.core import jobs
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.delivery.actions import queue_notice
from simplane.delivery.mime import greeted
from simplane.lines.actions import apply_read, note_filled
from simplane.lines.queries import supplier_ref
from simplane.ordering.actions.hand_over import delivered
from simplane.ordering.actions.recipients import limited, may_mail
from simplane.ordering.loading import line_of
from simplane.ordering.models import Unit
from simplane.suppliers import registry
from simplane.suppliers.actions import Answer, NotDone
from simplane.suppliers.outcomes import Ok, Result, Retryable
from simplane.suppliers.transport import traced
from simplane.suppliers.values import IssuedLine, LineRef, LineStatus
from simplane.usage.actions import refresh_soon


async def had_before(unit: Unit) -> LineRef | Answer:
    """Keep how much data the line has before anything is asked for: the evidence should the answer be lost.

    Returns how its supplier knows the line, or why it can not be filled now. Nothing was bought then.
    """
    line = line_of(unit)
    ref = supplier_ref(line)
    with traced() as calls:
        found = await registry.adapter(line.supplier).get_line(ref)
    if not isinstance(found, Ok):
        return Answer(_not_bought(found), calls)
    await in_thread(_keep_before, unit, found.value)
    return ref


def _not_bought(found: Result[LineStatus]) -> Result[IssuedLine]:
    """Whatever a question came to, it bought nothing: refused for good, or to be asked again."""
    if isinstance(found, NotDone):
        return found
    return Retryable(f"the line could not be read: {found.name}", "unread")


def _keep_before(unit: Unit, status: LineStatus) -> None:
    with transaction():
        apply_read(line_of(unit), status)
        # A call that is made again after one that was surely not executed reads it again.
        Unit.objects.filter(pk=unit.pk).update(topped_from=status.data_total)
    unit.topped_from = status.data_total


@needs_transaction
def fill(unit: Unit, issued: IssuedLine | None) -> None:
    """The data is bought: the line shows it, whoever is to be told is told, and the unit is delivered.

    `issued` is what the supplier answered; None where that was lost and the line itself showed it.
    """
    line = line_of(unit)
    note_filled(line.pk, unit_id=unit.pk, issued=issued)
    refresh_soon([line.pk])
    delivered(unit, why="the data is on the eSIM")
    _tell(unit)


@needs_transaction
def _tell(unit: Unit) -> None:
    order = unit.order
    if "@" not in order.customer.email or not may_mail(order, order.customer.email):
        return
    context: dict[str, str | int] = {
        "customer_name": order.customer.name,
        "product_name": unit.product.name,
        "order_name": order.name if greeted(order.name) else order.public_id,
    }
    if (account := limited(order)) is not None:
        context["account_id"] = account
    message = queue_notice(
        "data_added",
        order_id=order.pk,
        unit_id=unit.pk,
        to=order.customer.email,
        locale=order.locale,
        context=context,
    )
    if message is not None:
        jobs.enqueue("delivery.send", message_id=message.pk)
