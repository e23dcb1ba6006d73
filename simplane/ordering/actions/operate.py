"""What a person may do: try again, cancel, hold, release, map a SKU, forget a customer, send again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from simplane.core import audit, clock, deadletters, events, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound, Refusal
from simplane.delivery.actions import redact_messages
from simplane.ordering import states
from simplane.ordering.actions.accept import owe_again
from simplane.ordering.actions.fulfil import queue_mail
from simplane.ordering.actions.shrink import open_compensation
from simplane.ordering.events import CustomerRedacted, OrderChanged
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.moves import end, move
from simplane.suppliers.models import Purchase

S = Unit.State


class NotNow(Refusal):
    """The thing is not in a state that allows this."""

    code = "not_now"
    status = 409


def retry_unit(unit_id: int, *, reason: str = "") -> None:
    """Let a dead or failed unit try again from where it is safe: from the lookup if it may have been bought.

    Raises NotNow for a unit that is not stopped.
    """
    with transaction():
        unit = _locked(unit_id)
        if unit.state not in (S.DEAD, S.FAILED):
            raise NotNow(f"this unit is {unit.state}", fix="only dead and failed units are tried again")
        purchase_state = unit.purchase.state if unit.purchase else ""
        if unit.state == S.DEAD and purchase_state == Purchase.State.UNKNOWN:
            move(unit, S.UNKNOWN, why=reason or "a person asked to look again", due_at=clock.now())
        elif unit.state == S.DEAD and purchase_state == Purchase.State.PENDING:
            move(unit, S.PENDING, why=reason or "a person asked to look again", due_at=clock.now())
        else:
            move(unit, S.WAITING, why=reason or "a person tries again", due_at=clock.now(), tried_groups=[])
        deadletters.close_letter("unit", unit.pk, resolution="tried again")
        audit.note("unit.retried", "unit", unit.public_id, reason=reason)
        _reopen(unit.order_id)
        jobs.enqueue("ordering.advance", unit_id=unit.pk)


def cancel_unit(unit_id: int, reason: str) -> None:
    """We will not deliver this unit. Nothing bought: it fails now. Bought: given back as far as possible."""
    with transaction():
        unit = _locked(unit_id)
        if unit.state in states.GONE:
            raise NotNow(f"this unit is {unit.state} already")
        audit.note("unit.cancelled", "unit", unit.public_id, reason=reason)
        maybe_bought = unit.purchase is not None and unit.purchase.state in ("requested", "pending", "unknown")
        if unit.line is not None:
            open_compensation(unit, "cancel")
        elif maybe_bought:
            Unit.objects.filter(pk=unit.pk).update(cancel_wanted="cancel")
        else:
            if unit.state != S.DEAD:
                move(unit, S.DEAD, why=reason, due_at=None)
            end(unit, S.FAILED, why=reason)


def hold_order(order_id: int, reason: str) -> None:
    """Stop an order before anything more is bought for it."""
    with transaction():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state not in (Order.State.OPEN, Order.State.AWAITING_PAYMENT):
            raise NotNow(f"this order is {order.state}", fix="only orders that are not finished can be held")
        order.hold_reason = reason[:200]
        if order.state == Order.State.OPEN:
            order.state = Order.State.HELD
            order.clock_next_at = None
        order.save(update_fields=["state", "hold_reason", "clock_next_at"])
        audit.note("order.held", "order", order.public_id, reason=reason)
        events.record(OrderChanged(order_id=order.pk, what=[f"held: {reason}"]))


def release_order(order_id: int) -> None:
    """Go on with a held order; its delivery clock starts anew."""
    with transaction():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state != Order.State.HELD:
            order.hold_reason = ""
            order.save(update_fields=["hold_reason"])
            return
        order.state, order.hold_reason = Order.State.OPEN, ""
        order.save(update_fields=["state", "hold_reason"])
        audit.note("order.released", "order", order.public_id)
        events.record(OrderChanged(order_id=order.pk, what=["released"]))
        owe_again(order)


def map_line(order_line_id: int, product_id: int | None) -> None:
    """A person said what an unknown SKU is: a product (its units are owed now), or nothing of ours (None)."""
    with transaction():
        line = OrderLine.objects.select_for_update().filter(pk=order_line_id).first()
        if line is None:
            raise NotFound("there is no such order line")
        if line.state != OrderLine.State.NEEDS_MAPPING:
            return
        line.product_id = product_id
        line.state = OrderLine.State.NOT_OURS if product_id is None else OrderLine.State.MAPPED
        line.save(update_fields=["product", "state"])
        deadletters.close_letter("order_line", line.pk, resolution="mapped")
        owe_again(Order.objects.select_for_update().get(pk=line.order_id))


def send_again(unit_id: int, *, to: str = "") -> None:
    """Send the install mail once more, to the same or another address."""
    with transaction():
        unit = _locked(unit_id)
        if unit.line is None or unit.state not in (S.READY, S.DELIVERED):
            raise NotNow("there is no eSIM to send yet", fix="wait until it is bought")
        queue_mail(unit, again=True, to=to)
        audit.note("unit.sent_again", "unit", unit.public_id)


def redact_customer(organization_id: int, email: str) -> int:
    """Erase what identifies a person; orders, amounts and ids stay. Returns how many customers were found (0 or 1)."""
    with transaction():
        customer = (
            Customer.objects.select_for_update()
            .filter(organization_id=organization_id, email=email.strip().lower())
            .first()
        )
        if customer is None:
            return 0
        customer.email, customer.name, customer.phone = f"redacted:{customer.pk}", "", ""
        customer.redacted_at = clock.now()
        customer.save()
        redact_messages(list(customer.orders.values_list("pk", flat=True)))
        audit.note("customer.redacted", "customer", customer.pk)
        events.record(CustomerRedacted(customer_id=customer.pk))
        return 1


def _locked(unit_id: int) -> Unit:
    unit = (
        Unit.objects.select_for_update(of=("self",))
        .select_related("order__customer", "product", "purchase", "line")
        .filter(pk=unit_id)
        .first()
    )
    if unit is None:
        raise NotFound("there is no such unit")
    return unit


@needs_transaction
def _reopen(order_id: int) -> None:
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    finished = Order.objects.filter(pk=order_id, state__in=[Order.State.DONE, Order.State.CANCELLED])
    finished.update(state=Order.State.OPEN, delivered_at=None, clock_next_at=now + timedelta(seconds=first))
