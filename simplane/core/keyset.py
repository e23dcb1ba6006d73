"""Where a page begins: behind a row, by conditions that an index answers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q


def beyond(by: str, value: Any, pk: int, *, falling: bool) -> Q:
    """Rows behind (value, pk) in the order (by, pk), which falls or rises; an empty `by` is the order of keys alone.

    `by` is never null. PostgreSQL makes no condition of an index out of an OR: the first part says once more, in a way
    that an index understands, where the rest lies.
    """
    side = "lt" if falling else "gt"
    further = Q(**{f"pk__{side}": pk})
    if not by:
        return further
    return Q(**{f"{by}__{side}e": value}) & (Q(**{f"{by}__{side}": value}) | further)


def until(by: str, value: Any, pk: int) -> Q:
    """Rows up to (value, pk) and that one, in the rising order (by, pk)."""
    return Q(**{f"{by}__lte": value}) & (Q(**{f"{by}__lt": value}) | Q(pk__lte=pk))
