"""Fields of fulfilment orders, fulfilments and refunds."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.shopify.fulfil import actions
from sandbox.shopify.ids import gid, stable_number
from sandbox.shopify.model import Fulfilment
from sandbox.shopify.stamps import utc
from sandbox.shopify.view import Info, Of, Resolvers, money_bag, page


def _homes(of: Of, info: Info, **args: Any) -> JsonObject:
    del info
    return page([Of("FulfillmentOrder", of.order, home) for home in of.order.fulfilment_orders], args)


def _fulfilments(of: Of, info: Info, **args: Any) -> list[Of]:
    del info
    return [Of("Fulfillment", of.order, entry) for entry in of.order.fulfilments[: args.get("first")]]


def _refunds(of: Of, info: Info, **args: Any) -> list[Of]:
    del info
    return [Of("Refund", of.order, entry) for entry in of.order.refunds[: args.get("first")]]


def _home_lines(of: Of, info: Info, **args: Any) -> JsonObject:
    del info
    return page([Of("FulfillmentOrderLineItem", of.order, entry) for entry in of.it.lines], args)


def _refund_lines(of: Of, info: Info, **args: Any) -> JsonObject:
    del info
    return page([Of("RefundLineItem", of.order, entry) for entry in of.it.lines], args)


def _sent_lines(of: Of, info: Info, **args: Any) -> JsonObject:
    del info
    nodes = [
        {"id": gid("FulfillmentLineItem", number), "quantity": quantity, "lineItem": _line(of, line_id)}
        for number, line_id, quantity in of.it.lines
    ]
    return page(nodes, args)


def _line(of: Of, line_id: int) -> Of:
    return Of("LineItem", of.order, of.order.line(line_id))


def _tracking(of: Of, info: Info, **args: Any) -> list[JsonObject]:
    del info, args
    entry: Fulfilment = of.it
    if not (entry.company or entry.tracking_number or entry.url):
        return []
    return [{"company": entry.company, "number": entry.tracking_number, "url": entry.url}]


def _location(of: Of, _info: Info) -> JsonObject:
    name = of.it.service or of.it.location
    number = stable_number("location", of.order.shop, name)
    return {"name": name, "location": {"id": gid("Location", number), "name": name}}


def _fulfilment_name(of: Of, _info: Info) -> str:
    return f"{of.order.name}.{of.order.fulfilments.index(of.it) + 1}"


FULFILMENT_FIELDS: Resolvers = {
    "Order": {"fulfillmentOrders": _homes, "fulfillments": _fulfilments, "refunds": _refunds},
    "FulfillmentOrder": {
        "id": lambda of, _: gid("FulfillmentOrder", of.it.id),
        "orderId": lambda of, _: gid("Order", of.order.id),
        "orderName": lambda of, _: of.order.name,
        "assignedLocation": _location,
        "deliveryMethod": lambda of, _: {"id": gid("DeliveryMethod", of.it.id), "methodType": of.it.method},
        "fulfillmentHolds": lambda of, _: [Of("FulfillmentHold", of.order, entry) for entry in of.it.holds],
        "lineItems": _home_lines,
        "requestStatus": lambda _of, _: "UNSUBMITTED",
        "supportedActions": lambda of, _: [{"action": action} for action in actions(of.it)],
    },
    "FulfillmentOrderLineItem": {
        "id": lambda of, _: gid("FulfillmentOrderLineItem", of.it.id),
        "lineItem": lambda of, _: _line(of, of.it.line_id),
        "remainingQuantity": lambda of, _: of.it.remaining,
        "totalQuantity": lambda of, _: of.it.total,
        "requiresShipping": lambda of, _: of.order.line(of.it.line_id).requires_shipping,
        "sku": lambda of, _: of.order.line(of.it.line_id).sku,
    },
    "FulfillmentHold": {
        "id": lambda of, _: gid("FulfillmentHold", of.it.id),
        "displayReason": lambda of, _: of.it.reason.replace("_", " ").capitalize(),
        "reasonNotes": lambda of, _: of.it.notes,
    },
    "Fulfillment": {
        "id": lambda of, _: gid("Fulfillment", of.it.id),
        "createdAt": lambda of, _: utc(of.it.at_ms),
        "updatedAt": lambda of, _: utc(of.it.at_ms),
        "name": _fulfilment_name,
        "status": lambda _of, _: "SUCCESS",
        "totalQuantity": lambda of, _: sum(quantity for _, _, quantity in of.it.lines),
        "trackingInfo": _tracking,
        "fulfillmentLineItems": _sent_lines,
    },
    "Refund": {
        "id": lambda of, _: gid("Refund", of.it.id),
        "createdAt": lambda of, _: utc(of.it.at_ms),
        "refundLineItems": _refund_lines,
        "totalRefundedSet": lambda of, _: money_bag(of.order, of.it.amount_minor),
    },
    "RefundLineItem": {
        "id": lambda of, _: gid("RefundLineItem", of.it.id),
        "lineItem": lambda of, _: _line(of, of.it.line_id),
        "subtotalSet": lambda of, _: money_bag(of.order, of.it.subtotal_minor),
    },
}
