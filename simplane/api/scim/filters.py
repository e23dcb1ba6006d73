"""SCIM filters as conditions of SQL. What can not be said in SQL is narrowed here and decided by the filter itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q
from scim2_models import ScimFilter
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath

from simplane.api.scim.provider import GROUP, USER
from simplane.workforce.models import Employee

CORE_USER, CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Rows that a filter may let pass. `exact`: those and no others, so that it need not be asked."""

    rows: Q
    exact: bool


ALL = Narrowed(Q(), exact=False)
Equal = Callable[[Any], Narrowed]


def _same(column: str) -> Equal:
    return lambda value: Narrowed(Q(**{column: value}), exact=True)


def _active(value: Any) -> Narrowed:
    """Whoever works here is active, unless the HR system took that attribute away."""
    left = Q(state=Employee.State.LEFT)
    says = Q(scim={}) | Q(scim__has_key="active")
    return Narrowed(says & (~left if value is True else left), exact=isinstance(value, bool))


def _address(value: Any) -> Narrowed:
    """An address stands in the column when it is the first, else in the document: its JSON text knows no quotes."""
    if not isinstance(value, str) or any(mark in value for mark in '"\\'):
        return ALL
    return Narrowed(Q(low_email=value.lower()) | Q(scim__emails__icontains=value), exact=False)


EQUAL: Mapping[Any, Mapping[str, Equal]] = {
    USER: {
        f"{CORE_USER}:id": _same("public_id"),
        f"{CORE_USER}:externalId": _same("external_id"),
        f"{CORE_USER}:userName": lambda value: Narrowed(Q(low_user_name=str(value).lower()), exact=True),
        f"{CORE_USER}:active": _active,
        f"{CORE_USER}:emails.value": _address,
    },
    GROUP: {
        f"{CORE_GROUP}:id": _same("public_id"),
        f"{CORE_GROUP}:externalId": _same("external_id"),
        f"{CORE_GROUP}:displayName": lambda value: Narrowed(Q(low_name=str(value).lower()), exact=True),
        f"{CORE_GROUP}:members.value": lambda value: Narrowed(Q(members__public_id=value), exact=True),
    },
}


def narrowed(said: ScimFilter[Any] | None, model: Any) -> Narrowed:
    """The condition of a filter on one kind of resource."""
    if said is None:
        return Narrowed(Q(), exact=True)
    bound = ScimFilter[model](str(said))
    return _node(bound, bound.ast, model)


def _node(bound: ScimFilter[Any], node: FilterNode, model: Any) -> Narrowed:
    if isinstance(node, Comparison):
        return _comparison(bound, node, model)
    if isinstance(node, LogicalExpr):
        parts = [_node(bound, part, model) for part in node.terms]
        if node.op == LogicalOperator.or_:
            return _either(parts)
        return Narrowed(reduce(and_, (part.rows for part in parts)), exact=all(part.exact for part in parts))
    if isinstance(node, ValuePath):
        return Narrowed(_inside(bound, node, model).rows, exact=False)
    return ALL


def _either(parts: list[Narrowed]) -> Narrowed:
    if any(part.rows == Q() for part in parts):
        return ALL
    return Narrowed(reduce(or_, (part.rows for part in parts)), exact=all(part.exact for part in parts))


def _comparison(bound: ScimFilter[Any], node: Comparison, model: Any) -> Narrowed:
    binding = bound.resolve_comparison(node.attr_path, strict=False)
    known = EQUAL[model].get(binding.urn) if binding is not None else None
    if known is None or node.op != CompareOperator.eq or node.value in (None, ""):
        return ALL
    return known(node.value)


def _inside(bound: ScimFilter[Any], node: ValuePath, model: Any) -> Narrowed:
    """`emails[type eq "work" and value eq "…"]`: what is said of the value narrows."""
    inner = node.val_filter
    terms = inner.terms if isinstance(inner, LogicalExpr) and inner.op == LogicalOperator.and_ else (inner,)
    for term in terms:
        if isinstance(term, Comparison) and term.attr_path.attr.lower() == "value":
            return _comparison(bound, Comparison(node.attr_path, term.op, term.value), model)
    return ALL
