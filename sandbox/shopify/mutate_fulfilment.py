"""Mutations about sending: fulfil, hold, release."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.shopify import fulfil
from sandbox.shopify.ids import number_of, order_id_of
from sandbox.shopify.model import FulfilmentOrder, Order
from sandbox.shopify.query import visible_order
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.view import Caller, Info, Of, Resolvers, need_number
from sandbox.shopify.webhooks import Event


def _create(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who, wanted = info.context, args["fulfillment"]
    try:
        picks = [_pick(entry) for entry in wanted["lineItemsByFulfillmentOrder"]]
        order = _common_order(who, picks)
        given = wanted.get("trackingInfo") or {}
        tracking = fulfil.Tracking(given.get("company"), given.get("number"), given.get("url"))
        sent = who.office.fulfil(who.shop, order, picks, tracking, Event())
    except RefusedError as refusal:
        return {"fulfillment": None, "userErrors": [refusal.as_user_error()]}
    return {"fulfillment": Of("Fulfillment", order, sent), "userErrors": []}


def _pick(given: JsonObject) -> fulfil.Pick:
    number = need_number(given["fulfillmentOrderId"], "FulfillmentOrder")
    lines = given.get("fulfillmentOrderLineItems") or []
    pairs = [(need_number(entry["id"], "FulfillmentOrderLineItem"), entry["quantity"]) for entry in lines]
    return fulfil.Pick(number, pairs)


def _common_order(who: Caller, picks: list[fulfil.Pick]) -> Order:
    numbers = {order_id_of(pick.fulfilment_order_id) for pick in picks}
    if len(numbers) > 1:
        raise RefusedError("All fulfillment orders must belong to the same order.", "fulfillment")
    order = visible_order(who, numbers.pop()) if numbers else None
    if order is None:
        raise RefusedError("Fulfillment order does not exist.", "fulfillment")
    return order


def _home(who: Caller, text: str) -> tuple[Order, FulfilmentOrder]:
    number = number_of(text, "FulfillmentOrder")
    order = visible_order(who, order_id_of(number)) if number else None
    home = fulfil.find(order, number) if order and number else None
    if order is None or home is None:
        raise RefusedError("Fulfillment order does not exist.", "id", code="FULFILLMENT_ORDER_NOT_FOUND")
    return order, home


def _hold(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who, wanted = info.context, args["fulfillmentHold"]
    nothing = {"fulfillmentHold": None, "fulfillmentOrder": None, "remainingFulfillmentOrder": None}
    try:
        order, home = _home(who, args["id"])
        placed = who.office.hold(
            who.shop,
            order,
            home,
            Event(),
            reason=wanted["reason"],
            notes=wanted.get("reasonNotes"),
            handle=wanted.get("handle") or "",
        )
    except RefusedError as refusal:
        return {**nothing, "userErrors": [refusal.as_user_error()]}
    shown = {
        "fulfillmentHold": Of("FulfillmentHold", order, placed),
        "fulfillmentOrder": Of("FulfillmentOrder", order, home),
    }
    return {**nothing, **shown, "userErrors": []}


def _release(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who, given = info.context, args.get("holdIds")
    try:
        order, home = _home(who, args["id"])
        wanted = [need_number(entry, "FulfillmentHold") for entry in given] if given is not None else None
        who.office.release(who.shop, order, home, Event(), wanted)
    except RefusedError as refusal:
        return {"fulfillmentOrder": None, "userErrors": [refusal.as_user_error()]}
    return {"fulfillmentOrder": Of("FulfillmentOrder", order, home), "userErrors": []}


FULFILMENT_MUTATIONS: Resolvers = {
    "Mutation": {"fulfillmentCreate": _create, "fulfillmentOrderHold": _hold, "fulfillmentOrderReleaseHold": _release}
}
