"""Refunds proposed by hand, and proposals of the delivery clock that time has overtaken."""

from __future__ import annotations

from simplane.channels import refund_rows as rows
from simplane.channels.errors import BadRefund, NothingToRefund
from simplane.channels.models import Refund
from simplane.core.money import Money, parse
from simplane.ordering.models import Order


def propose_by_hand(order_id: int, amount: str, reason: str) -> int:
    """Put a sum in the order's currency, for no unit in particular, before whoever decides on refunds; the refund's id.

    `amount`: decimal text such as 4.50. The shop is asked only when it is approved and has the last word on how much is
    left. Raises BadRefund, BadMoney, NothingToRefund, RefundOpen, NotFound; then nothing was changed.
    """
    whose = rows.subject(order_id)
    rows.check_free(order_id)
    order = Order.objects.get(pk=order_id)
    if not reason:
        raise BadRefund("a reason is missing", fix="say why; the buyer's shop and the audit trail keep it")
    money = parse(amount.strip().replace(",", "."), order.currency)
    if money.minor <= 0:
        raise BadRefund(f"{money} can not be given back", fix="name a sum above zero")
    left = left_of(order)
    if money.minor > left.minor:
        raise NothingToRefund(f"only {left} of this order is left to give back", fix=f"name {left} or less")
    return rows.insert(whose, {}, money, reason, origin=Refund.Origin.PERSON)


def left_of(order: Order) -> Money:
    """What of a paid order was not given back yet, as far as we know."""
    paid = order.total_minor - order.refunded_minor if order.paid_at is not None else 0
    return Money(max(0, paid), order.currency)


def withdraw_overtaken() -> int:
    """Withdraw what the delivery clock proposed for eSIMs that were delivered, or taken back, meanwhile; returns how many.

    Where other eSIMs of the order are still missing, the refund for those is proposed anew.
    """
    proposed = Refund.objects.filter(state=Refund.State.PROPOSED, origin=Refund.Origin.CLOCK)
    return sum(rows.withdraw(pk) for pk in [row.pk for row in proposed if rows.overtaken(row)])
