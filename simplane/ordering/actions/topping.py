"""Adding data to an eSIM that is there, or another plan: what its line had before, and what follows when it is bought."""

from __future__ import annotations

from dataclasses import replace

from simplane.core import audit, jobs
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.delivery.actions import queue_notice
from simplane.delivery.mime import greeted
from simplane.lines.actions import apply_read, note_filled, note_plan_changed
from simplane.lines.models import PlanChange
from simplane.lines.queries import supplier_ref
from simplane.lines.serving import ask, load
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


def change_of(unit: Unit) -> PlanChange | None:
    """The change of plan that a unit is; None of one that adds data or is an eSIM of its own."""
    return PlanChange.objects.filter(pk=unit.pk).first() if unit.tops_up_id is not None else None


def is_native(change: PlanChange | None) -> bool:
    """Whether the supplier itself puts the new plan in the place of the old one."""
    return change is not None and change.way == PlanChange.Way.NATIVE


async def end_old_plan(unit_id: int) -> None:
    """After an emulated change: what was never started of the old plan is taken off; one that has begun runs out.

    Raises Temporary until its supplier says yes or no.
    """
    change = await in_thread(PlanChange.objects.get, pk=unit_id)
    line = await in_thread(load, change.line_id)
    old = replace(supplier_ref(line), order_id=change.old_order_id, offer_code=change.old_offer_code)
    said = await ask(line, lambda adapter, _: adapter.end_plan(old))
    if said.outcome == "unsure":
        raise jobs.Temporary(said.words)
    await in_thread(
        _note_old, change, "taken off" if said.value else said.words or "it has begun and runs out by itself"
    )


def _note_old(change: PlanChange, what: str) -> None:
    with transaction():
        audit.note("line.old_plan", "line", change.line_id, after={"offer": change.old_offer_code, "what": what})
        refresh_soon([change.line_id])


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
    line, change = line_of(unit), change_of(unit)
    if change is None:
        note_filled(line.pk, unit_id=unit.pk, issued=issued)
    else:
        assert unit.purchase is not None
        note_plan_changed(change, unit.purchase, issued)
    refresh_soon([line.pk])
    delivered(unit, why="the data is on the eSIM" if change is None else "the eSIM is on its new plan")
    if change is None:
        _tell(unit)
    elif not is_native(change):
        jobs.enqueue("ordering.end_old_plan", unit_id=unit.pk)


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
