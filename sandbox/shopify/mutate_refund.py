"""Mutations about money: refund with its idempotency key, cancel."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.shopify.idempotency import Key, forget, need_key, previous, remember
from sandbox.shopify.ids import GID_PREFIX
from sandbox.shopify.jobs import enqueue_cancel, job_result
from sandbox.shopify.model import Order, Refund
from sandbox.shopify.money import parse_amount
from sandbox.shopify.query import visible_order
from sandbox.shopify.refund import Payback, Units
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.view import Caller, Info, Of, Resolvers, need_number
from sandbox.shopify.webhooks import Event


def _refund(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who, wanted = info.context, args["input"]
    key = need_key(info, wanted)
    try:
        earlier = previous(who.office.store, who.shop, key)
        if earlier is None:
            earlier = _execute(who, wanted, key)
    except RefusedError as refusal:
        return {"order": None, "refund": None, "userErrors": [refusal.as_user_error()]}
    order, refund = earlier
    return {"order": Of("Order", order, order), "refund": Of("Refund", order, refund), "userErrors": []}


def _execute(who: Caller, wanted: JsonObject, key: Key) -> tuple[Order, Refund]:
    """Refund and keep the key; a refused attempt keeps it too, as failed."""
    store = who.office.store
    forget(store, who.shop)
    try:
        order = visible_order(who, need_number(wanted["orderId"], "Order"))
        if order is None:
            raise RefusedError("Order does not exist", "input", "orderId")
        refund = who.office.refund(
            who.shop,
            order,
            Event(),
            units=[_units(entry) for entry in wanted.get("refundLineItems") or []],
            paybacks=[_payback(order, entry) for entry in wanted.get("transactions") or []],
            note=wanted.get("note"),
            allow_over=bool(wanted.get("allowOverRefunding")),
        )
    except RefusedError:
        remember(store, who.shop, key, None, None)
        raise
    remember(store, who.shop, key, order.id, refund.id)
    return order, refund


def _units(given: JsonObject) -> Units:
    number = need_number(given["lineItemId"], "LineItem")
    return Units(number, given["quantity"], given.get("restockType") or "NO_RESTOCK")


def _payback(order: Order, given: JsonObject) -> Payback:
    if given["kind"] != "REFUND":
        raise RefusedError("Transaction kind must be refund", "input", "transactions", "kind")
    if not given.get("parentId"):
        raise RefusedError("Parent transaction is required", "input", "transactions", "parentId")
    try:
        amount = parse_amount(given["amount"], order.currency)
    except ValueError as problem:
        raise RefusedError(str(problem), "input", "transactions", "amount") from problem
    return Payback(need_number(given["parentId"], "OrderTransaction"), amount)


def _cancel(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who = info.context
    method = args.get("refundMethod") or {}
    plan = {
        "reason": args["reason"],
        "restock": args["restock"],
        "give_back": bool(args.get("refund") or method.get("originalPaymentMethodsRefund")),
        "note": args.get("staffNote"),
    }
    try:
        order = visible_order(who, need_number(args["orderId"], "Order"))
        if order is None:
            raise RefusedError("Order does not exist.", "orderId", code="NOT_FOUND")
        if order.cancelled_ms:
            raise RefusedError("Order has already been cancelled.", "orderId", code="INVALID")
    except RefusedError as refusal:
        return {"job": None, "jobResult": None, "orderCancelUserErrors": [refusal.as_user_error()]}
    number = enqueue_cancel(who.office, order, plan)
    found = job_result(who.office.store, number)
    result = {"__typename": "OrderCancelJobResult", **(found or {}), "order": Of("Order", order, order)}
    return {
        "job": {"id": f"{GID_PREFIX}Job/{number}", "done": False},
        "jobResult": result,
        "orderCancelUserErrors": [],
    }


MONEY_MUTATIONS: Resolvers = {"Mutation": {"refundCreate": _refund, "orderCancel": _cancel}}
