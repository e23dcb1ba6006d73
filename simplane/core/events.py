"""News travels up: a package records what happened and does not know who listens.

`config/wiring.py` lists, for each event, the jobs that react. Recording writes the row and those jobs in the
transaction of the change, so either all of it happened or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import msgspec
from django.db import connection

from simplane.core import clock, context, jobs
from simplane.core.db import needs_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Base of all events: a frozen dataclass of ids and plain values. Every listed job gets `job_fields` as arguments."""

    job_fields: ClassVar[tuple[str, ...]] = ()
    order_id: int | None = None
    unit_id: int | None = None


_reactions: dict[str, tuple[str, ...]] = {}


def wire(reactions: Mapping[type[News], Iterable[str]]) -> None:
    """Set which jobs react to which event; called once by `config/wiring.py`."""
    _reactions.clear()
    _reactions.update({event.__name__: tuple(names) for event, names in reactions.items()})


def reactions() -> Mapping[str, tuple[str, ...]]:
    """The wiring as it stands, by event name (for the tests of the architecture and the jobs page)."""
    return _reactions


@needs_transaction
def record(*news: News) -> None:
    """Write the events and enqueue the jobs that react to them."""
    if not news:
        return
    at, rid = clock.now(), context.request_id()
    values: list[Any] = []
    for one in news:
        values += (type(one).__name__, at, one.order_id, one.unit_id, _data(one), rid)
    with connection.cursor() as cursor:
        cursor.execute(INSERT + ", ".join([ROW] * len(news)), values)
    for one in news:
        for job_name in _reactions.get(type(one).__name__, ()):
            jobs.enqueue(job_name, **{field: getattr(one, field) for field in one.job_fields})


INSERT = "INSERT INTO core_event (name, at, order_id, unit_id, data, request_id) VALUES "
ROW = "(%s, %s, %s, %s, %s::jsonb, %s)"


def _data(one: News) -> str:
    """All that is in the news beside the ids of order and unit, as JSON."""
    found = {field.name: getattr(one, field.name) for field in fields(one) if field.name not in ("order_id", "unit_id")}
    return msgspec.json.encode(found).decode()
