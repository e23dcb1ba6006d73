"""Money that comes in."""

from sandbox.shopify.model import Order, Transaction
from sandbox.shopify.totals import outstanding


def authorize(order: Order, now_ms: int) -> None:
    """Reserve the whole total on the buyer's card; this is not paid."""
    order.transactions.append(Transaction(order.take_id(), "AUTHORIZATION", outstanding(order), now_ms))


def receive(order: Order, amount_minor: int, now_ms: int) -> None:
    """Book a payment: a capture when something was authorised, else a sale. An order of 0.00 has no payment."""
    if amount_minor == 0:
        return
    reserved = next((entry for entry in order.transactions if entry.kind == "AUTHORIZATION"), None)
    kind, parent = ("CAPTURE", reserved.id) if reserved else ("SALE", None)
    order.transactions.append(Transaction(order.take_id(), kind, amount_minor, now_ms, parent_id=parent))
