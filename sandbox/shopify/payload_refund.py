"""The refund as refunds/create carries it, alone and inside the order."""

from sandbox.kit.books import JsonObject
from sandbox.shopify.model import Order, Refund, RefundLine, Transaction
from sandbox.shopify.money import amount_text, digits
from sandbox.shopify.payload import gid, line_item, money_set, zone
from sandbox.shopify.stamps import local
from sandbox.shopify.store import Shop


def refund_body(order: Order, refund: Refund, shop: Shop) -> JsonObject:
    """One refund."""
    at = local(refund.at_ms, zone(shop.timezone))
    money = [entry for entry in order.transactions if entry.id in refund.transaction_ids]
    return {
        "id": refund.id,
        "admin_graphql_api_id": gid("Refund", refund.id),
        "created_at": at,
        "note": refund.note,
        "order_id": order.id,
        "processed_at": at,
        "restock": any(entry.restock_type != "NO_RESTOCK" for entry in refund.lines),
        "total_duties_set": money_set(order, 0),
        "user_id": shop.id,
        "order_adjustments": _adjustments(order, refund),
        "transactions": [_transaction(order, index, entry, shop) for index, entry in enumerate(money, 2)],
        "refund_line_items": [_refund_line(order, entry) for entry in refund.lines],
        "duties": [],
        "additional_fees": [],
        "return": None,
        "refund_shipping_lines": [],
    }


def _adjustments(order: Order, refund: Refund) -> list[JsonObject]:
    if not refund.discrepancy_minor:
        return []
    return [
        {
            "id": refund.id + 500,
            "amount": amount_text(-refund.discrepancy_minor, order.currency),
            "amount_set": money_set(order, -refund.discrepancy_minor),
            "kind": "refund_discrepancy",
            "order_id": order.id,
            "reason": "Refund discrepancy",
            "refund_id": refund.id,
            "tax_amount": amount_text(0, order.currency),
            "tax_amount_set": money_set(order, 0),
        }
    ]


def _transaction(order: Order, index: int, entry: Transaction, shop: Shop) -> JsonObject:
    at = local(entry.at_ms, zone(shop.timezone))
    return {
        "id": entry.id,
        "admin_graphql_api_id": gid("OrderTransaction", entry.id),
        "amount": amount_text(entry.amount_minor, order.currency),
        "authorization": None,
        "created_at": at,
        "currency": order.currency,
        "device_id": None,
        "error_code": None,
        "gateway": entry.gateway,
        "kind": entry.kind.lower(),
        "location_id": None,
        "message": "Transaction approved",
        "order_id": order.id,
        "parent_id": entry.parent_id,
        "payment_id": f"{order.name}.{index}",
        "processed_at": at,
        "receipt": {},
        "source_name": "web",
        "status": "success",
        "test": order.test,
        "user_id": None,
    }


def _refund_line(order: Order, entry: RefundLine) -> JsonObject:
    return {
        "id": entry.id,
        "line_item_id": entry.line_id,
        "location_id": None,
        "quantity": entry.quantity,
        "restock_type": entry.restock_type.lower(),
        # Shopify writes these two as JSON numbers, unlike every other amount.
        "subtotal": entry.subtotal_minor / 10 ** digits(order.currency),
        "subtotal_set": money_set(order, entry.subtotal_minor),
        "total_tax": 0.0,
        "total_tax_set": money_set(order, 0),
        "line_item": line_item(order, order.line(entry.line_id)),
    }
