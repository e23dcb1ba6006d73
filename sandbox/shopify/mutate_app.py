"""Mutations about tags, metafields and subscriptions."""

from typing import Any

from graphql import GraphQLError

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import number_of
from sandbox.shopify.model import Order
from sandbox.shopify.query import show_subscription, visible_order
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.topics import API_TOPICS
from sandbox.shopify.view import Caller, Info, Of, Resolvers
from sandbox.shopify.webhooks import Event

METAFIELDS_PER_CALL = 25
KEY_LENGTHS = range(2, 65)
TAG_LENGTH = 40
DEFAULT_TYPE = "single_line_text_field"


def _need_order(who: Caller, text: str, field: str) -> Order:
    number = number_of(text, "Order")
    order = visible_order(who, number) if number else None
    if order is None:
        raise RefusedError("Owner does not exist.", field, code="INVALID")
    return order


def _tags_add(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who = info.context
    tags = [tag.strip() for entry in args["tags"] for tag in entry.split(",")]
    try:
        order = _need_order(who, args["id"], "id")
        if any(len(tag) > TAG_LENGTH for tag in tags):
            raise RefusedError(f"Tags must be {TAG_LENGTH} characters or fewer", "tags")
    except RefusedError as refusal:
        return {"node": None, "userErrors": [refusal.as_user_error()]}
    who.office.tag(who.shop, order, tags, Event())
    return {"node": Of("Order", order, order), "userErrors": []}


def _metafields_set(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    """All or nothing."""
    del root
    who, given = info.context, args["metafields"]
    try:
        if len(given) > METAFIELDS_PER_CALL:
            raise RefusedError(
                f"Exceeded the maximum metafields input limit of {METAFIELDS_PER_CALL}.",
                "metafields",
                code="LESS_THAN_OR_EQUAL_TO",
            )
        orders = {owner: _need_order(who, owner, "metafields") for owner in {entry["ownerId"] for entry in given}}
        for entry in given:
            _check_metafield(entry)
    except RefusedError as refusal:
        return {"metafields": None, "userErrors": [refusal.as_user_error()]}
    shown = [_set_one(who, orders[entry["ownerId"]], entry) for entry in given]
    for order in orders.values():
        who.office.touch(who.shop, order, Event())
    return {"metafields": shown, "userErrors": []}


def _check_metafield(entry: JsonObject) -> None:
    if not entry["value"]:
        raise RefusedError("Value can't be blank.", "metafields", "value", code="BLANK")
    if len(entry["key"]) not in KEY_LENGTHS:
        raise RefusedError("Key must have 2 to 64 characters.", "metafields", "key", code="TOO_LONG")


def _set_one(who: Caller, order: Order, entry: JsonObject) -> Of:
    stored = who.office.set_metafield(
        order,
        namespace=entry.get("namespace") or "$app",
        key=entry["key"],
        kind=entry.get("type") or DEFAULT_TYPE,
        value=entry["value"],
    )
    return Of("Metafield", order, stored)


def _subscribe(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who, wanted = info.context, args["webhookSubscription"]
    if wanted.get("filter"):
        raise GraphQLError("This stand-in has no webhook filters.", extensions={"code": "NOT_SUPPORTED_HERE"})
    try:
        made = who.office.webhooks.subscribe(
            who.shop,
            API_TOPICS[args["topic"]],
            wanted.get("uri") or "",
            wanted.get("name"),
            wanted.get("includeFields") or (),
        )
    except RefusedError as refusal:
        return {"webhookSubscription": None, "userErrors": [refusal.as_user_error()]}
    return {"webhookSubscription": show_subscription(made), "userErrors": []}


def _unsubscribe(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who = info.context
    number = number_of(args["id"], "WebhookSubscription")
    if number is None or not who.office.webhooks.unsubscribe(who.shop.domain, number):
        refusal = RefusedError("Webhook subscription does not exist", "id")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [refusal.as_user_error()]}
    return {"deletedWebhookSubscriptionId": args["id"], "userErrors": []}


APP_MUTATIONS: Resolvers = {
    "Mutation": {
        "tagsAdd": _tags_add,
        "metafieldsSet": _metafields_set,
        "webhookSubscriptionCreate": _subscribe,
        "webhookSubscriptionDelete": _unsubscribe,
    }
}
