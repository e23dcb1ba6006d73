"""Root query fields."""

import json
from typing import Any

from graphql import GraphQLError

from sandbox.kit.books import JsonObject
from sandbox.shopify import fulfil
from sandbox.shopify.ids import gid, number_of, order_id_of
from sandbox.shopify.jobs import job_result
from sandbox.shopify.model import Order
from sandbox.shopify.search import SEEN_MS, Search, parse_search
from sandbox.shopify.signature import API_VERSION
from sandbox.shopify.stamps import utc
from sandbox.shopify.topics import GRAPHQL_NAMES
from sandbox.shopify.view import (
    Caller,
    Info,
    Of,
    Resolvers,
    decode_cursor,
    encode_cursor,
    need_number,
    page,
    page_size,
)
from sandbox.shopify.webhooks import Subscription

SIXTY_DAYS_MS = 60 * 86_400_000
SORT_COLUMNS = {"UPDATED_AT": SEEN_MS, "CREATED_AT": "created_ms", "PROCESSED_AT": "created_ms", "ID": "id"}


def _order(root: JsonObject, info: Info, **args: Any) -> Of | None:
    del root
    order = visible_order(info.context, need_number(args["id"], "Order"))
    return Of("Order", order, order) if order else None


def visible_order(who: Caller, order_id: int) -> Order | None:
    """Without `read_all_orders` only the last 60 days exist for an app."""
    order = who.office.store.order(who.shop.domain, order_id)
    return order if order and order.created_ms >= _horizon(who) else None


def _horizon(who: Caller) -> int:
    return 0 if "read_all_orders" in who.scopes else who.office.store.now_ms() - SIXTY_DAYS_MS


def _matching(root: JsonObject, who: Caller, field: str, text: str | None) -> Search:
    search = parse_search(text)
    if search.warnings:
        root.setdefault("search", []).append(search.extension(field))
    search.conditions += ["shop = :shop", "created_ms >= :horizon", f"{SEEN_MS} is not null"]
    search.values |= {"shop": who.shop.domain, "horizon": _horizon(who), "now": who.office.store.now_ms()}
    return search


def _orders(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    who = info.context
    search, first = _matching(root, who, "orders", args.get("query")), page_size(args)
    column, down = SORT_COLUMNS[args["sortKey"]], bool(args.get("reverse"))
    if args.get("after"):
        search.values |= _bound(args["after"])
        search.conditions.append(f"({column}, id) {'<' if down else '>'} (:last_value, :last_id)")
    direction = "desc" if down else "asc"
    books = who.office.store.books
    rows = books.rows(
        f"select id, {column} as place from shopify_order where {' and '.join(search.conditions)} "
        f"order by place {direction}, id {direction} limit :limit",
        {**search.values, "limit": first + 1},
    )
    edges = [_edge(who, row["id"], row["place"]) for row in rows[:first]]
    return {
        "edges": edges,
        "nodes": [edge["node"] for edge in edges],
        "pageInfo": {
            "hasNextPage": len(rows) > first,
            "hasPreviousPage": bool(args.get("after")),
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def _edge(who: Caller, order_id: int, place: int) -> JsonObject:
    order = who.office.store.order(who.shop.domain, order_id)
    assert order is not None, "read in the same transaction"
    cursor = encode_cursor(json.dumps({"last_id": order_id, "last_value": place}))
    return {"cursor": cursor, "node": Of("Order", order, order)}


def _bound(cursor: str) -> dict[str, int]:
    try:
        place = json.loads(decode_cursor(cursor))
        return {"last_value": int(place["last_value"]), "last_id": int(place["last_id"])}
    except (ValueError, TypeError, KeyError) as problem:
        raise GraphQLError(f"Invalid cursor '{cursor}'", extensions={"code": "BAD_REQUEST"}) from problem


def _orders_count(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    who = info.context
    search = _matching(root, who, "ordersCount", args.get("query"))
    sql = f"select count(*) from shopify_order where {' and '.join(search.conditions)}"
    count, limit = who.office.store.books.number(sql, search.values), args.get("limit")
    capped = limit is not None and count > limit
    return {"count": limit if capped else count, "precision": "AT_LEAST" if capped else "EXACT"}


def _fulfilment_order(root: JsonObject, info: Info, **args: Any) -> Of | None:
    del root
    number = need_number(args["id"], "FulfillmentOrder")
    order = visible_order(info.context, order_id_of(number))
    home = fulfil.find(order, number) if order else None
    return Of("FulfillmentOrder", order, home) if order and home else None


def show_subscription(entry: Subscription) -> JsonObject:
    """A WebhookSubscription."""
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", entry.id),
        "topic": GRAPHQL_NAMES[entry.topic],
        "uri": entry.uri,
        "name": entry.name,
        "filter": None,
        "format": "JSON",
        "includeFields": entry.include_fields,
        "createdAt": utc(entry.created_ms),
        "updatedAt": utc(entry.created_ms),
        "apiVersion": {"handle": API_VERSION, "displayName": API_VERSION, "supported": True},
    }


def _subscriptions(root: JsonObject, info: Info, **args: Any) -> JsonObject:
    del root
    who, topics, uri = info.context, args.get("topics"), args.get("uri")
    return page(
        [
            show_subscription(entry)
            for entry in who.office.webhooks.subscriptions(who.shop.domain)
            if (not topics or GRAPHQL_NAMES[entry.topic] in topics) and uri in (None, entry.uri)
        ],
        args,
    )


def _shop(root: JsonObject, info: Info) -> JsonObject:
    del root
    shop = info.context.shop
    return {
        "__typename": "Shop",
        "id": gid("Shop", shop.id),
        "name": shop.name,
        "myshopifyDomain": shop.domain,
        "currencyCode": shop.currency,
        "ianaTimezone": shop.timezone,
    }


def _installation(root: JsonObject, info: Info) -> JsonObject:
    del root
    who = info.context
    scopes = [{"handle": scope} for scope in sorted(who.scopes)]
    return {"__typename": "AppInstallation", "id": gid("AppInstallation", who.shop.id), "accessScopes": scopes}


def _job(root: JsonObject, info: Info, **args: Any) -> JsonObject | None:
    del root
    found = job_result(info.context.office.store, args["id"].rpartition("/")[2])
    return {"id": args["id"], "done": found["done"]} if found else None


def _node(root: JsonObject, info: Info, **args: Any) -> Any:
    text: str = args["id"]
    if number_of(text, "Order") is not None:
        return _order(root, info, id=text)
    if number_of(text, "FulfillmentOrder") is not None:
        return _fulfilment_order(root, info, id=text)
    found = job_result(info.context.office.store, text.rpartition("/")[2])
    return {"__typename": "OrderCancelJobResult", **found} if found else None


QUERY_FIELDS: Resolvers = {
    "QueryRoot": {
        "currentAppInstallation": _installation,
        "fulfillmentOrder": _fulfilment_order,
        "job": _job,
        "node": _node,
        "order": _order,
        "orders": _orders,
        "ordersCount": _orders_count,
        "shop": _shop,
        "webhookSubscriptions": _subscriptions,
    }
}
