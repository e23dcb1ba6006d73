"""List answers: newest first, with cursors."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.stripe.account import Account
from sandbox.stripe.refused import Refused, missing

SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page_of(
    account: Account,
    kind: str,
    params: Mapping[str, Any],
    url: str,
    equals: Mapping[str, object] | None = None,
    *,
    also: str = "1",
    values: Sequence[object] = (),
) -> JsonObject:
    """One page of objects of a kind. `equals` are columns (None = any); `also` is one more SQL condition."""
    limit = limit_of(params)
    if "starting_after" in params and "ending_before" in params:
        raise Refused("You cannot set both starting_after and ending_before.", param="starting_after")
    conditions, bound = ["kind = ?", f"({also})"], [kind, *values]
    for column, value in (equals or {}).items():
        if value is not None:
            conditions.append(f"{column} = ?")
            bound.append(value)
    for sign, moment in params.get("created", {}).items():
        conditions.append(f"created {SIGNS[sign]} ?")
        bound.append(moment)
    backwards = "ending_before" in params
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            conditions.append(f"seq {sign} ?")
            bound.append(_place(account, kind, params[name], name))
    docs = _read(account, conditions, bound, f"seq {'asc' if backwards else 'desc'} limit {limit + 1}")
    page = docs[:limit]
    return listing(page[::-1] if backwards else page, url, has_more=len(docs) > limit)


def listing(data: list[JsonObject], url: str, *, has_more: bool = False) -> JsonObject:
    """The list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def limit_of(params: Mapping[str, Any]) -> int:
    """How many objects a page has: 10 when nothing is said. Raises Refused outside 1 to 100."""
    limit = int(params.get("limit", 10))
    if not 1 <= limit <= 100:
        raise Refused("Invalid integer: must be between 1 and 100", param="limit")
    return limit


def _place(account: Account, kind: str, number: str, param: str) -> int:
    place = account.objects.seq(number)
    if place is None:
        raise missing(kind, number, param)
    return place


def _read(account: Account, conditions: list[str], bound: list[Any], order: str) -> list[JsonObject]:
    sql = f"select doc, pending from stripe_object where {' and '.join(conditions)} order by {order}"
    return [with_pending(account, row["doc"], row["pending"]) for row in account.books.rows(sql, bound)]


def with_pending(account: Account, text: str, pending: int) -> JsonObject:
    """An event says how many endpoints have not taken it yet; other objects are as they are kept."""
    doc = account.objects.parse(text)
    return {**doc, "pending_webhooks": pending} if doc["object"] == "event" else doc
