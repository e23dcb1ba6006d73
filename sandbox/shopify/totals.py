"""What an order amounts to, and the statuses that follow from it."""

from sandbox.shopify.model import FulfilmentOrder, Order, Transaction

PAID_KINDS = ("SALE", "CAPTURE")


def subtotal(order: Order) -> int:
    """All units ever ordered and not edited away, before shipping and discount."""
    return sum(line.price_minor * (line.quantity - line.removed) for line in order.lines)


def total(order: Order) -> int:
    """What the buyer was asked to pay."""
    return subtotal(order) + order.shipping_minor - order.discount_minor


def line_share(order: Order, minor: int) -> int:
    """An amount at list price after the order's discount is spread over its lines."""
    gross = subtotal(order)
    return minor * max(gross - order.discount_minor, 0) // gross if gross else 0


def current_subtotal(order: Order) -> int:
    """The units still on the order, after discount."""
    return line_share(order, sum(line.price_minor * line.current for line in order.lines))


def current_total(order: Order) -> int:
    """After removals and refunds."""
    gone = line_share(order, sum(line.price_minor * line.refunded for line in order.lines))
    return 0 if order.cancelled_ms and refunded(order) else max(total(order) - gone, 0)


def received(order: Order) -> int:
    """Money that came in."""
    return sum(entry.amount_minor for entry in order.transactions if entry.kind in PAID_KINDS)


def refunded(order: Order) -> int:
    """Money that went back."""
    return sum(entry.amount_minor for entry in order.transactions if entry.kind == "REFUND")


def outstanding(order: Order) -> int:
    """Still to be paid; nothing is owed on a cancelled order."""
    return 0 if order.cancelled_ms else max(total(order) - received(order), 0)


def refundable(order: Order, payment: Transaction) -> int:
    """What is left of one payment."""
    back = sum(e.amount_minor for e in order.transactions if e.kind == "REFUND" and e.parent_id == payment.id)
    return payment.amount_minor - back if payment.kind in PAID_KINDS else 0


def financial_status(order: Order) -> str:
    """As GraphQL spells it; webhooks use lower case."""
    paid, back = received(order), refunded(order)
    if back:
        return "REFUNDED" if back >= paid else "PARTIALLY_REFUNDED"
    if paid >= total(order) and (paid or not total(order)):
        return "PAID"
    if order.cancelled_ms and not paid:
        return "VOIDED"
    if paid:
        return "PARTIALLY_PAID"
    return "AUTHORIZED" if any(entry.kind == "AUTHORIZATION" for entry in order.transactions) else "PENDING"


def fulfilment_status(order: Order) -> str:
    """displayFulfillmentStatus."""
    open_orders = [entry for entry in order.fulfilment_orders if remaining(entry)]
    if not open_orders and order.fulfilments:
        return "FULFILLED"
    if order.fulfilments:
        return "PARTIALLY_FULFILLED"
    return "ON_HOLD" if any(entry.holds for entry in open_orders) else "UNFULFILLED"


def remaining(fulfilment_order: FulfilmentOrder) -> int:
    """Units a fulfilment order still has to send."""
    return sum(entry.remaining for entry in fulfilment_order.lines)


def unfulfilled(order: Order, line_id: int) -> int:
    """Units of a line that are still to be sent."""
    return sum(entry.remaining for each in order.fulfilment_orders for entry in each.lines if entry.line_id == line_id)
