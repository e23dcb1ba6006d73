"""The executable schema: the file plus resolvers, each root field behind its access scope."""

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema

from sandbox.shopify.fields_fulfilment import FULFILMENT_FIELDS
from sandbox.shopify.fields_order import ORDER_FIELDS
from sandbox.shopify.mutate_app import APP_MUTATIONS
from sandbox.shopify.mutate_fulfilment import FULFILMENT_MUTATIONS
from sandbox.shopify.mutate_refund import MONEY_MUTATIONS
from sandbox.shopify.query import QUERY_FIELDS
from sandbox.shopify.schema import new_schema
from sandbox.shopify.view import Info, Of, Resolver

TABLES = (ORDER_FIELDS, FULFILMENT_FIELDS, QUERY_FIELDS, FULFILMENT_MUTATIONS, MONEY_MUTATIONS, APP_MUTATIONS)
READ_ORDERS, WRITE_ORDERS = "read_orders", "write_orders"
READ_FULFILMENT = "read_merchant_managed_fulfillment_orders"
WRITE_FULFILMENT = "write_merchant_managed_fulfillment_orders"
SCOPES: Mapping[str, str] = {
    "order": READ_ORDERS,
    "orders": READ_ORDERS,
    "ordersCount": READ_ORDERS,
    "fulfillmentOrder": READ_FULFILMENT,
    "fulfillmentCreate": WRITE_FULFILMENT,
    "fulfillmentOrderHold": WRITE_FULFILMENT,
    "fulfillmentOrderReleaseHold": WRITE_FULFILMENT,
    "metafieldsSet": WRITE_ORDERS,
    "orderCancel": WRITE_ORDERS,
    "refundCreate": WRITE_ORDERS,
    "tagsAdd": WRITE_ORDERS,
}
DEFAULT_SCOPES = f"{READ_ORDERS},{WRITE_ORDERS},{READ_FULFILMENT},{WRITE_FULFILMENT},read_products"


def executable_schema() -> GraphQLSchema:
    """Build once per process."""
    schema = new_schema()
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            _attach(kind)
    return schema


def kind_of(value: Any, *_: Any) -> str:
    """The concrete type behind an interface."""
    return value.kind if isinstance(value, Of) else str(value["__typename"])


def _attach(kind: GraphQLObjectType) -> None:
    known = {name: resolver for table in TABLES for name, resolver in table.get(kind.name, {}).items()}
    unknown = set(known) - set(kind.fields)
    if unknown:
        raise LookupError(f"schema.graphql has no {kind.name}.{', '.join(sorted(unknown))}")
    for name, field in kind.fields.items():
        resolver = known.get(name) or _by_name(name)
        field.resolve = _guarded(name, resolver) if kind.name in ("QueryRoot", "Mutation") else resolver


def _by_name(name: str) -> Resolver:
    attribute = re.sub(r"([A-Z])", r"_\1", name).lower()

    def read(source: Any, info: Info) -> Any:
        del info
        return getattr(source.it, attribute) if isinstance(source, Of) else source.get(name)

    return read


def _guarded(name: str, resolver: Resolver) -> Resolver:
    scope = SCOPES.get(name)
    if scope is None:
        return resolver

    def check(root: Any, info: Info, **args: Any) -> Any:
        if scope not in info.context.scopes:
            raise GraphQLError(f"Access denied for {name} field.", extensions={"code": "ACCESS_DENIED"})
        return resolver(root, info, **args)

    return check
