"""How stored things are shown to GraphQL: a part together with its order, connections, money."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import number_of
from sandbox.shopify.model import Order
from sandbox.shopify.money import convert, graphql_money
from sandbox.shopify.office import Office
from sandbox.shopify.store import Shop

PAGE_LIMIT = 250
Resolver = Callable[..., Any]
Resolvers = Mapping[str, Mapping[str, Resolver]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the shop, what the app may do, and the office that does it."""

    office: Office
    shop: Shop
    scopes: frozenset[str]
    sees_customers: bool


Info = GraphQLResolveInfo[Caller]


@dataclass(frozen=True, slots=True)
class Of:
    """A part of an order (or the order itself), typed for GraphQL."""

    kind: str
    order: Order
    it: Any


def money_bag(order: Order, minor: int) -> JsonObject:
    """Shop money and presentment money."""
    other = order.presentment_currency or order.currency
    shown = minor if other == order.currency else convert(minor, order.currency, order.presentment_rate, other)
    return {"shopMoney": graphql_money(minor, order.currency), "presentmentMoney": graphql_money(shown, other)}


def need_number(text: str, *kinds: str) -> int:
    """The number in a GraphQL id. Raises GraphQLError when it is no id of these kinds."""
    for kind in kinds:
        number = number_of(text, kind)
        if number is not None:
            return number
    raise GraphQLError(f"Invalid global id '{text}'", extensions={"code": "argumentLiteralsIncompatible"})


def page(nodes: Sequence[Any], args: Mapping[str, Any]) -> JsonObject:
    """A connection over a list that fits into memory; cursors are positions."""
    start = _position(args.get("after")) + 1
    stop = start + page_size(args)
    return {
        "nodes": nodes[start:stop],
        "pageInfo": {
            "hasNextPage": stop < len(nodes),
            "hasPreviousPage": start > 0,
            "startCursor": encode_cursor(str(start)) if nodes[start:stop] else None,
            "endCursor": encode_cursor(str(min(stop, len(nodes)) - 1)) if nodes[start:stop] else None,
        },
    }


def page_size(args: Mapping[str, Any]) -> int:
    """`first`, which is compulsory and at most 250."""
    first = args.get("first")
    if first is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if not 0 <= first <= PAGE_LIMIT:
        raise GraphQLError(f"first must be between 0 and {PAGE_LIMIT}", extensions={"code": "BAD_REQUEST"})
    return int(first)


def encode_cursor(text: str) -> str:
    """Opaque to the caller."""
    return base64.b64encode(text.encode()).decode()


def decode_cursor(cursor: str) -> str:
    """The text of a cursor. Raises GraphQLError for anything not made by `encode_cursor`."""
    try:
        return base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise GraphQLError(f"Invalid cursor '{cursor}'", extensions={"code": "BAD_REQUEST"}) from problem


def _position(cursor: str | None) -> int:
    text = decode_cursor(cursor) if cursor else "-1"
    if not text.lstrip("-").isdigit():
        raise GraphQLError(f"Invalid cursor '{cursor}'", extensions={"code": "BAD_REQUEST"})
    return int(text)
