"""What a person may do: try again, cancel, hold, release, map a SKU, forget a customer, send again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings

from simplane.core import audit, clock, deadletters, events, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound, Refusal
from simplane.delivery.actions import redact_messages
from simplane.ordering import money, states
from simplane.ordering.actions.accept import owe_again
from simplane.ordering.actions.mailing import queue_mail
from simplane.ordering.actions.shrink import cancel_units, open_compensation, want_cancel
from simplane.ordering.events import CustomerRedacted, OrderChanged
from simplane.ordering.models import Compensation, Customer, Order, OrderLine, Unit
from simplane.ordering.moves import end, lock_order, move
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
        if unit.line is not None:
            raise NotNow("its eSIM was given back", fix="make a new order for a new eSIM")
        _refuse_second_top_up(unit)
        if unit.state == S.FAILED:
            money.owed_again(unit)
        state = _safe_start(unit)
        tried: list[Any] = [] if state == S.WAITING else unit.tried_groups
        move(unit, state, why=reason or "a person tries again", due_at=clock.now(), tried_groups=tried)
        deadletters.close_letter("unit", unit.pk, resolution="tried again")
        audit.note("unit.retried", "unit", unit.public_id, reason=reason)
        _reopen(unit.order_id)
        jobs.enqueue("ordering.advance", unit_id=unit.pk)


def _safe_start(unit: Unit) -> str:
    """Where nothing can be bought twice: at the question when an eSIM may exist."""
    if unit.purchase is None or unit.purchase.state not in states.OPEN_PURCHASES:
        return S.WAITING
    return S.UNKNOWN if unit.purchase.state == Purchase.State.UNKNOWN else S.PENDING


def _refuse_second_top_up(unit: Unit) -> None:
    """Raises NotNow for data that was bought and given up, and while other data is being added to the same eSIM."""
    if unit.tops_up_id is None:
        return
    if unit.purchase is not None and unit.purchase.state == Purchase.State.BOUGHT:
        raise NotNow("its data was added", fix="order more data")
    others = Unit.objects.filter(tops_up_id=unit.tops_up_id).exclude(pk=unit.pk)
    if others.exclude(state__in=states.ENDED).exists():
        raise NotNow("other data is being added to this eSIM", fix="wait until that is done")


def cancel_unit(unit_id: int, reason: str) -> None:
    """We will not deliver this unit. Nothing bought: it fails now. Bought: given back as far as possible, then it fails."""
    _cancel(unit_id, reason, states.GIVEN_UP)


def ask_back(unit_id: int, reason: str) -> None:
    """The reseller who ordered a unit does not want it. Nothing bought: it is cancelled now, its price is back.

    Bought: it is cancelled when the supplier takes it back; what was installed or used stays sold. Raises NotNow,
    also when that was found out before, and for data that is on its eSIM.
    """
    if Unit.objects.filter(pk=unit_id, tops_up__isnull=False, state=S.DELIVERED).exists():
        raise NotNow(states.ADDED, fix="it stays sold")
    kept = Compensation.objects.filter(unit_id=unit_id, state=Compensation.State.LOSS).first()
    if kept is not None:
        raise NotNow("it can not be taken back", fix=kept.verdict)
    _cancel(unit_id, reason, states.ASKED)


def _cancel(unit_id: int, reason: str, how: str) -> None:
    with transaction():
        unit = _locked(unit_id)
        if unit.state in states.GONE:
            raise NotNow(f"this unit is {unit.state} already")
        if unit.cancel_wanted:
            raise NotNow("this unit is being taken back already", fix="wait for the supplier's answer")
        audit.note("unit.cancelled", "unit", unit.public_id, reason=reason)
        if unit.line is not None or unit.state in (S.READY, S.DELIVERED):
            open_compensation(unit, how)
        elif unit.state in states.MAYBE_BOUGHT or states.may_have_esim(unit):
            want_cancel(unit, how)
        else:
            end(unit, states.ENDS[how], why=reason)


def hold_order(order_id: int, reason: str) -> None:
    """Stop an order before anything more is bought for it, also one that is not paid yet."""
    with transaction():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state not in (Order.State.OPEN, Order.State.AWAITING_PAYMENT):
            raise NotNow(f"this order is {order.state}", fix="only orders that are not finished can be held")
        order.hold_reason, order.state, order.clock_next_at = reason[:200], Order.State.HELD, None
        order.save(update_fields=["state", "hold_reason", "clock_next_at"])
        audit.note("order.held", "order", order.public_id, reason=reason)
        events.record(OrderChanged(order_id=order.pk, what=[f"held: {reason}"]))


def release_order(order_id: int) -> None:
    """Go on with a held order; its delivery clock starts anew. One that is not paid waits for that."""
    with transaction():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state != Order.State.HELD:
            order.hold_reason = ""
            order.save(update_fields=["hold_reason"])
            return
        order.state = Order.State.OPEN if order.paid_at else Order.State.AWAITING_PAYMENT
        order.hold_reason, order.clock_step = "", 0
        order.save(update_fields=["state", "hold_reason", "clock_step"])
        audit.note("order.released", "order", order.public_id)
        events.record(OrderChanged(order_id=order.pk, what=["released"]))
        owe_again(order)


def take_back_disputed(order_id: int, reason: str) -> int:
    """Give up a disputed sale: nothing more is bought, and every eSIM is given back as far as its supplier takes it.

    What was installed or used is written down as a loss. Returns how many units that is; raises NotNow when there is
    none.
    """
    with transaction():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state == Order.State.HELD:
            order.state, order.hold_reason = Order.State.OPEN, ""
            order.save(update_fields=["state", "hold_reason"])
        touched = cancel_units(order, reason="dispute")
        if not touched:
            raise NotNow("nothing of this order is left to give back")
        audit.note("order.dispute_given_up", "order", order.public_id, after={"units": touched}, reason=reason)
        events.record(OrderChanged(order_id=order.pk, what=[f"disputed, given up: {reason}"]))
        return touched


def hold_customer(customer_id: int, reason: str) -> None:
    """Orders of this customer that are paid from now on wait for a person before anything is bought."""
    with transaction():
        customer = Customer.objects.select_for_update().get(pk=customer_id)
        if customer.redacted_at is not None:
            raise NotNow("this customer was erased", fix="nobody can be recognised by nothing")
        before, customer.hold_reason = customer.hold_reason, reason[:200]
        customer.save(update_fields=["hold_reason"])
        audit.note("customer.held", "customer", customer.pk, before={"hold": before} if before else None, reason=reason)


def release_customer(customer_id: int) -> None:
    """Orders of this customer are served again at once; those that wait are released one by one."""
    with transaction():
        customer = Customer.objects.select_for_update().get(pk=customer_id)
        if not customer.hold_reason:
            return
        before, customer.hold_reason = customer.hold_reason, ""
        customer.save(update_fields=["hold_reason"])
        audit.note("customer.released", "customer", customer.pk, before={"hold": before})


def map_line(order_line_id: int, product_id: int | None) -> None:
    """A person said what an unknown SKU is: a product (its units are owed now), or nothing of ours (None)."""
    with transaction():
        order_id = OrderLine.objects.filter(pk=order_line_id).values_list("order_id", flat=True).first()
        if order_id is None:
            raise NotFound("there is no such order line")
        order = Order.objects.select_for_update().get(pk=order_id)
        line = OrderLine.objects.select_for_update().get(pk=order_line_id)
        if line.state != OrderLine.State.NEEDS_MAPPING:
            return
        line.product_id = product_id
        line.state = OrderLine.State.NOT_OURS if product_id is None else OrderLine.State.MAPPED
        line.save(update_fields=["product", "state"])
        deadletters.close_letter("order_line", line.pk, resolution="mapped")
        owe_again(order)


def send_again(unit_id: int, *, to: str = "") -> None:
    """Send the install mail once more, to the same or another address."""
    with transaction():
        unit = _locked(unit_id)
        if unit.line is None or unit.state not in (S.READY, S.DELIVERED):
            raise NotNow("there is no eSIM to send yet", fix="wait until it is bought")
        queue_mail(unit, again=True, to=to.lower())
        audit.note("unit.sent_again", "unit", unit.public_id)


def redact_customer(organization_id: int, email: str, *, account: str = "") -> int:
    """Erase what identifies a person; orders, amounts and ids stay. Returns how many customers were erased (0 or 1).

    `account`: the shop that asks. Somebody who bought elsewhere too stays known there, and only this shop's orders go
    to an erased customer of their own.
    """
    with transaction():
        customer = (
            Customer.objects.select_for_update()
            .filter(organization_id=organization_id, email=email.strip().lower())
            .first()
        )
        if customer is None:
            return 0
        if account and customer.orders.exclude(book="retail", account=account).exists():
            orders = list(customer.orders.filter(book="retail", account=account))
            if not orders:
                return 0
            customer = _detached(orders)
        _erase(customer)
        return 1


@needs_transaction
def _detached(orders: list[Order]) -> Customer:
    """A customer of their own for these orders of one person."""
    place = f"detached:{orders[0].public_id}"
    fresh = Customer.objects.create(organization_id=orders[0].organization_id, email=place, created_at=clock.now())
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(customer=fresh)
    return fresh


@needs_transaction
def _erase(customer: Customer) -> None:
    customer.email, customer.name, customer.phone = f"redacted:{customer.pk}", "", ""
    customer.redacted_at = clock.now()
    customer.save()
    redact_messages(list(customer.orders.values_list("pk", flat=True)))
    audit.note("customer.redacted", "customer", customer.pk)
    events.record(CustomerRedacted(customer_id=customer.pk))


def _locked(unit_id: int) -> Unit:
    """The unit, locked after its order, as everybody locks them."""
    order_id = Unit.objects.filter(pk=unit_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("there is no such unit")
    lock_order(order_id)
    related = ("order__customer", "product", "purchase", "line")
    return Unit.objects.select_for_update(of=("self",)).select_related(*related).get(pk=unit_id)


@needs_transaction
def _reopen(order_id: int) -> None:
    now = clock.now()
    first, *_ = settings.SIMPLANE.delivery_clock_seconds
    finished = Order.objects.filter(pk=order_id, state__in=[Order.State.DONE, Order.State.CANCELLED])
    finished.update(
        state=Order.State.OPEN,
        delivered_at=None,
        clock_started_at=now,
        clock_step=0,
        clock_next_at=now + timedelta(seconds=first),
    )
