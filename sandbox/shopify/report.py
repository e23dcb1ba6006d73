"""The books as the control API shows them: what was sold, paid, sent, refunded, and which webhooks went out."""

from collections import Counter, defaultdict
from datetime import UTC, datetime

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import gid
from sandbox.shopify.model import Order
from sandbox.shopify.store import Store
from sandbox.shopify.totals import financial_status, fulfilment_status, received, refunded, total


def report(store: Store, *, summary: bool, shop: str | None = None) -> JsonObject:
    """All orders (of one shop); with `summary` only totals."""
    where, values = ("shop = ? order by id", (shop,)) if shop else ("true order by id", ())
    orders = store.orders(where, values)
    charged, back = sum(map(received, orders)), sum(map(refunded, orders))
    totals = {"charged_minor": charged, "refunded_minor": back, "balance_minor": charged - back}
    if summary:
        return {**_counts(orders), **totals, "deliveries": delivery_states(store, shop)}
    deliveries = _deliveries(store, shop)
    return {
        "orders": [show(order, deliveries[order.id]) for order in orders],
        **totals,
        "removed_subscriptions": [dict(row) for row in store.books.rows("select * from shopify_removed order by id")],
    }


def show(order: Order, deliveries: list[JsonObject]) -> JsonObject:
    """One order."""
    return {
        "order_id": order.id,
        "gid": gid("Order", order.id),
        "reference": order.name,
        "shop": order.shop,
        "product": ", ".join(line.sku or line.title for line in order.lines),
        "quantity": sum(line.current for line in order.lines),
        "financial_status": financial_status(order),
        "fulfillment_status": fulfilment_status(order),
        "cancelled": order.cancelled_ms is not None,
        "test": order.test,
        "topup": False,
        "total_minor": total(order),
        "charged_minor": received(order),
        "refunded_minor": refunded(order),
        "currency": order.currency,
        "at": datetime.fromtimestamp(order.created_ms / 1000, UTC).isoformat(),
        "tags": order.tags,
        "metafields": {f"{entry.namespace}.{entry.key}": entry.value for entry in order.metafields},
        "lines": [
            {
                "id": line.id,
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "current": line.current,
                "fulfilled": line.fulfilled,
                "refunded": line.refunded,
                "requires_shipping": line.requires_shipping,
            }
            for line in order.lines
        ],
        "fulfillments": [
            {
                "id": entry.id,
                "company": entry.company,
                "number": entry.tracking_number,
                "url": entry.url,
                "lines": [{"line_id": line_id, "quantity": quantity} for _, line_id, quantity in entry.lines],
            }
            for entry in order.fulfilments
        ],
        "refunds": [
            {
                "id": entry.id,
                "amount_minor": entry.amount_minor,
                "note": entry.note,
                "lines": [{"line_id": part.line_id, "quantity": part.quantity} for part in entry.lines],
            }
            for entry in order.refunds
        ],
        "deliveries": deliveries,
    }


def delivery_states(store: Store, shop: str | None = None) -> dict[str, int]:
    """How many webhooks are due, sent, failed."""
    where, values = (" where shop = ?", (shop,)) if shop else ("", ())
    rows = store.books.rows(f"select state, count(*) as n from shopify_delivery{where} group by state", values)
    return {"due": 0, "sent": 0, "failed": 0, **{row["state"]: row["n"] for row in rows}}


def _deliveries(store: Store, shop: str | None) -> defaultdict[int, list[JsonObject]]:
    where, values = (" where shop = ?", (shop,)) if shop else ("", ())
    columns = "order_id, topic, webhook_id, event_id, signature, state, attempts, last_status, last_error"
    result: defaultdict[int, list[JsonObject]] = defaultdict(list)
    for row in store.books.rows(f"select {columns} from shopify_delivery{where} order by id", values):
        entry = dict(row)
        result[entry.pop("order_id") or 0].append(entry)
    return result


def _counts(orders: list[Order]) -> JsonObject:
    lines = [line for order in orders for line in order.lines]
    return {
        "orders": len(orders),
        "by_financial_status": dict(Counter(map(financial_status, orders))),
        "by_fulfillment_status": dict(Counter(map(fulfilment_status, orders))),
        "units": sum(line.quantity - line.removed for line in lines),
        "units_current": sum(line.current for line in lines),
        "units_fulfilled": sum(line.fulfilled for line in lines),
        "units_refunded": sum(line.refunded for line in lines),
        "fulfillments": sum(len(order.fulfilments) for order in orders),
    }
