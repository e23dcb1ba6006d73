"""Keyset paging: a page begins after a row, so page 1,000 costs what page 1 costs and nothing is shown twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from django.db.models import Model, QuerySet
from ninja import Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.core.keyset import beyond

M = TypeVar("M", bound=Model)
MOST, USUAL = 100, 20


class Paging(Schema):
    """Which page of a list, and how long it may be."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="Rows of a page.")] = USUAL
    cursor: Annotated[str | None, Field(max_length=200, description="`next_cursor` of the page before.")] = None


def page_of(
    rows: QuerySet[M],
    wanted: Paging,
    show: Callable[[list[M]], list[Any]],
    *,
    by: str | None = "created_at",
    ascending: bool = False,
) -> dict[str, Any]:
    """The page asked for, newest first (or oldest first when `ascending`).

    `by` names a moment that is never null; ties go by primary key, and so does everything when it is None. `show` turns
    the rows of the page into what is answered. Raises Refused for a cursor that is none of ours.
    """
    names = [*([by] if by else []), "pk"]
    if wanted.cursor:
        *moment, pk = read_cursor(wanted.cursor, dated=by is not None)
        rows = rows.filter(beyond(by or "", moment[0] if moment else None, pk, falling=not ascending))
    found = list(rows.order_by(*[name if ascending else f"-{name}" for name in names])[: wanted.limit + 1])
    more, found = len(found) > wanted.limit, found[: wanted.limit]
    cursor = write_cursor([getattr(found[-1], name) for name in names]) if more else None
    return {"object": "list", "data": show(found), "has_more": more, "next_cursor": cursor}


def write_cursor(place: Sequence[Any]) -> str:
    """A place in a list as an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(cursor: str, *, dated: bool) -> list[Any]:
    """The place, beginning with a moment when `dated`, ending with a number. Raises Refused for no cursor of ours."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place: tuple[Any, ...] = msgspec.json.decode(raw, type=tuple[datetime, int] if dated else tuple[int])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise Refused("bad_cursor") from None
    if not 0 <= place[-1] < 2**63 or (dated and not _possible(place[0])):
        raise Refused("bad_cursor")
    return list(place)


def _possible(moment: datetime) -> bool:
    return moment.tzinfo is not None and 2000 <= moment.year < 3000
