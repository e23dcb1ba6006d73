"""Query cost and the leaky bucket.

Rules: object 1, scalar 0, mutation 10, connection by `first` (https://shopify.dev/docs/api/usage/limits). How a
connection grows with `first` is not published; `sized` fits the one figure developers report (250 items of two
objects in one object: 25) and keeps our largest operation below the limit of 1000, as at Shopify.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from sandbox.kit.books import JsonObject
from sandbox.kit.clock import Clock
from sandbox.kit.settings import Settings

MUTATION_COST = 10
QUERY_LIMIT = 1000
UNLIMITED = 1_000_000_000.0
WRAPPERS = ("nodes", "edges", "node")


def sized(first: int) -> int:
    """Weight of a connection of that size."""
    return min(first, round(1.5 * math.log2(first + 1))) if first > 0 else 0


@dataclass(frozen=True, slots=True)
class Costing:
    """Everything the walk over one document needs."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def of_operation(self, operation: OperationDefinitionNode) -> int:
        """requestedQueryCost."""
        root = self.schema.get_root_type(operation.operation)
        assert root is not None, "validated before"
        if root.name == "Mutation":
            return MUTATION_COST * len(operation.selection_set.selections)
        return self._selections(operation.selection_set, root)

    def _selections(self, selections: SelectionSetNode | None, kind: Any) -> int:
        total = 0
        for entry in selections.selections if selections else ():
            if isinstance(entry, FieldNode):
                total += self._field(entry, kind)
            elif isinstance(entry, InlineFragmentNode):
                named = self.schema.get_type(entry.type_condition.name.value) if entry.type_condition else kind
                total += self._selections(entry.selection_set, named)
            elif isinstance(entry, FragmentSpreadNode):
                fragment = self.fragments[entry.name.value]
                named = self.schema.get_type(fragment.type_condition.name.value)
                total += self._selections(fragment.selection_set, named)
        return total

    def _field(self, node: FieldNode, parent: Any) -> int:
        field = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        kind = get_named_type(field.type) if field else None
        if field is None or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or kind.name == "PageInfo":
            return 0
        inside = self._selections(node.selection_set, kind)
        if node.name.value in WRAPPERS and kind.name != "Node":
            return inside + (1 if node.name.value != "edges" else 0)
        if "first" not in field.args:
            return inside + 1
        return sized(self._first(node)) * (inside + (0 if kind.name.endswith("Connection") else 1))

    def _first(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value == "first":
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                if isinstance(value, VariableNode):
                    return int(self.variables.get(value.name.value) or 0)
        return 1


def requested_cost(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> int:
    """What the query may cost at most; never less than 1."""
    fragments = {e.name.value: e for e in document.definitions if isinstance(e, FragmentDefinitionNode)}
    return max(Costing(schema, fragments, variables).of_operation(operation), 1)


def actual_cost(requested: int, data: Any, *, mutation: bool) -> int:
    """What it did cost: the objects really answered."""
    return requested if mutation else max(min(requested, _objects(data) - 1), 1)


def _objects(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(_objects(entry) for entry in value.values() if isinstance(entry, dict | list))
    return sum(_objects(entry) for entry in value) if isinstance(value, list) else 0


class Buckets:
    """One leaky bucket per shop, in memory: a restart fills them."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._left: dict[str, tuple[float, float]] = {}

    def fill(self) -> None:
        """All buckets full again."""
        self._left.clear()

    def available(self, shop: str) -> float:
        """Points left now."""
        size, now = self._size(), self._clock.timestamp()
        left, since = self._left.get(shop, (size, now))
        return min(size, left + (now - since) * self._settings.number("restore_rate"))

    def affords(self, shop: str, cost: int) -> bool:
        """Is there room?"""
        return self.available(shop) >= cost

    def charge(self, shop: str, cost: int) -> None:
        """Take points out."""
        self._left[shop] = (self.available(shop) - cost, self._clock.timestamp())

    def report(self, shop: str, requested: int, actual: int | None) -> JsonObject:
        """`extensions.cost`."""
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": self._size(),
                "currentlyAvailable": int(self.available(shop)),
                "restoreRate": float(self._settings.number("restore_rate")),
            },
        }

    def _size(self) -> float:
        # 0 switches throttling off; a bucket that no test empties says so best.
        return self._settings.number("bucket_size") or UNLIMITED
