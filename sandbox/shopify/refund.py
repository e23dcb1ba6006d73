"""Giving back units and money, and cancelling an order."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.shopify.fulfil import withdraw
from sandbox.shopify.model import Order, Refund, RefundLine, Transaction
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.totals import PAID_KINDS, line_share, refundable


@dataclass(frozen=True, slots=True)
class Units:
    """Units of one line to give back."""

    line_id: int
    quantity: int
    restock_type: str = "NO_RESTOCK"


@dataclass(frozen=True, slots=True)
class Payback:
    """Money to give back on one payment."""

    parent_id: int
    amount_minor: int


def refund(
    order: Order,
    units: Sequence[Units],
    paybacks: Sequence[Payback],
    *,
    note: str | None,
    now_ms: int,
    allow_over: bool = False,
) -> Refund:
    """Book one refund. Without paybacks no money moves. Raises RefusedError and then nothing was changed."""
    if not units and not paybacks:
        raise RefusedError("Refund must include at least one line item or transaction.", "input")
    _check_units(order, units)
    _check_paybacks(order, paybacks, allow_over=allow_over)
    lines = [_give_back(order, entry) for entry in units]
    booked = [
        Transaction(order.take_id(), "REFUND", entry.amount_minor, now_ms, parent_id=entry.parent_id)
        for entry in paybacks
    ]
    order.transactions.extend(booked)
    amount = sum(entry.amount_minor for entry in booked)
    explained = sum(entry.subtotal_minor for entry in lines)
    result = Refund(
        id=order.take_id(),
        at_ms=now_ms,
        note=note,
        lines=lines,
        transaction_ids=[entry.id for entry in booked],
        amount_minor=amount,
        discrepancy_minor=amount - explained if booked else 0,
    )
    order.refunds.append(result)
    return result


def suggested_minor(order: Order, units: Sequence[Units], *, shipping: bool) -> int:
    """What these units cost the buyer, no more than is left to refund."""
    _check_units(order, units)
    gross = sum(order.line(entry.line_id).price_minor * entry.quantity for entry in units)
    return min(line_share(order, gross) + (order.shipping_minor if shipping else 0), maximum(order))


def maximum(order: Order) -> int:
    """All that can still be given back."""
    return sum(refundable(order, entry) for entry in order.transactions)


def paybacks_for(order: Order, amount_minor: int) -> list[Payback]:
    """Spread an amount over the payments, oldest first. Raises RefusedError when there is not so much left."""
    result = []
    left = amount_minor
    for payment in order.transactions:
        part = min(left, refundable(order, payment))
        if part > 0:
            result.append(Payback(payment.id, part))
            left -= part
    if left > 0:
        raise RefusedError("The amount is more than is left to refund.", "transactions")
    return result


def everything(order: Order, restock_type: str) -> list[Units]:
    """All units still on the order."""
    return [Units(line.id, line.current, restock_type) for line in order.lines if line.current > 0]


def cancel(
    order: Order, *, reason: str, give_back: bool, restock: bool, note: str | None, now_ms: int
) -> Refund | None:
    """Cancel for good; open fulfilment orders are cancelled with it. Raises RefusedError when done already."""
    if order.cancelled_ms:
        raise RefusedError("Order has already been cancelled.", "orderId", code="INVALID")
    result = None
    money = maximum(order) if give_back else 0
    units = everything(order, "CANCEL" if restock else "NO_RESTOCK") if give_back else []
    if units or money:
        result = refund(order, units, paybacks_for(order, money), note=note, now_ms=now_ms)
    reserved = [entry for entry in order.transactions if entry.kind == "AUTHORIZATION"]
    if reserved and not any(entry.kind in PAID_KINDS for entry in order.transactions):
        order.transactions.append(
            Transaction(order.take_id(), "VOID", reserved[0].amount_minor, now_ms, parent_id=reserved[0].id)
        )
    for home in order.fulfilment_orders:
        if home.status != "CLOSED":
            home.status, home.holds = "CANCELLED", []
        for entry in home.lines:
            entry.remaining = 0
    order.cancelled_ms, order.cancel_reason = now_ms, reason
    return result


def _check_units(order: Order, units: Sequence[Units]) -> None:
    for entry in units:
        line = next((each for each in order.lines if each.id == entry.line_id), None)
        if line is None:
            raise RefusedError("Line item does not exist.", "input", "refundLineItems")
        wanted = sum(each.quantity for each in units if each.line_id == line.id)
        if entry.quantity < 1 or wanted > line.current:
            raise RefusedError(
                "Quantity cannot refund more items than were purchased", "input", "refundLineItems", "0", "quantity"
            )


def _check_paybacks(order: Order, paybacks: Sequence[Payback], *, allow_over: bool) -> None:
    for entry in paybacks:
        parent = next((each for each in order.transactions if each.id == entry.parent_id), None)
        if parent is None or parent.kind not in PAID_KINDS:
            raise RefusedError("Parent transaction must be a captured payment.", "input", "transactions")
        wanted = sum(each.amount_minor for each in paybacks if each.parent_id == parent.id)
        if entry.amount_minor < 1 or (wanted > refundable(order, parent) and not allow_over):
            raise RefusedError(
                "Refund amount must be positive and not more than is refundable", "input", "transactions"
            )


def _give_back(order: Order, entry: Units) -> RefundLine:
    line = order.line(entry.line_id)
    subtotal = line_share(order, line.price_minor * entry.quantity)
    line.refunded += entry.quantity
    withdraw(order, line.id, entry.quantity)
    return RefundLine(order.take_id(), line.id, entry.quantity, entry.restock_type, subtotal)
