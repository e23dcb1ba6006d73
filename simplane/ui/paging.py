"""Keyset paging: a page begins after a row, so page 1,000 costs what page 1 costs and nothing is shown twice."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from django.http import QueryDict

from simplane.core.keyset import beyond

M = TypeVar("M", bound=Model)
SIZE = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows and the query strings of the pages beside it, empty where there is none."""

    rows: list[M]
    newer: str
    older: str


def page_of(rows: QuerySet[M], query: QueryDict, *, by: str = "", ascending: bool = False, size: int = SIZE) -> Page[M]:
    """The page that `query` asks for, newest first (or oldest first when `ascending`).

    `by` names a field or an annotation that is never null, such as a moment; ties and an empty `by` go by primary key.
    An unreadable cursor shows the first page.
    """
    kind = _kind(rows, by)
    after, before = _read(query.get("after", ""), kind), _read(query.get("before", ""), kind)
    backwards = before is not None
    falling = ascending == backwards
    signed = [("-" if falling else "") + name for name in ([by] if by else []) + ["pk"]]
    at = before or after
    if at is not None:
        rows = rows.filter(beyond(by, at[0], at[-1], falling=falling))
    found = list(rows.order_by(*signed)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_newer = more if backwards else after is not None
    has_older = bool(found) if backwards else more
    return Page(
        found,
        _link(query, "before", found[0], by) if found and has_newer else "",
        _link(query, "after", found[-1], by) if found and has_older else "",
    )


def _kind(rows: QuerySet[M], by: str) -> Field[Any, Any] | None:
    if not by:
        return None
    annotated = rows.query.annotations.get(by)
    kind = annotated.output_field if annotated is not None else rows.model._meta.get_field(by)
    assert isinstance(kind, Field)
    return kind


def _link(query: QueryDict, name: str, row: Model, by: str) -> str:
    value = getattr(row, by) if by else ""
    key = f"{row.pk}~{value.isoformat() if isinstance(value, datetime) else value}"
    params = query.copy()
    for old in ("after", "before"):
        params.pop(old, None)
    params[name] = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    return params.urlencode()


def _read(cursor: str, kind: Field[Any, Any] | None) -> tuple[Any, ...] | None:
    if not cursor:
        return None
    try:
        key, _, text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("~")
        if "\0" in text:
            return None  # no text in PostgreSQL holds one
        return (int(key),) if kind is None else (kind.to_python(text), int(key))
    except (ValueError, binascii.Error, ValidationError):
        return None
