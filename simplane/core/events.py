"""News travels up: a package records what happened and does not know who listens.

`config/wiring.py` lists, for each event, the jobs that react. Recording writes the row and those jobs in the
transaction of the change, so either all of it happened or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    rid = context.request_id()
    record_each([(rid, one) for one in news])


@needs_transaction
def record_each(told: Sequence[tuple[str, News]]) -> None:
    """As `record`, for news of several requests at once: each with the id of its own."""
    if not told:
        return
    given = [
        {"name": type(one).__name__, "order_id": one.order_id, "unit_id": one.unit_id, "data": _data(one), "rid": rid}
        for rid, one in told
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [clock.now(), msgspec.json.encode(given).decode()])
    caused: dict[str, list[dict[str, Any]]] = {}
    for rid, one in told:
        for job_name in _reactions.get(type(one).__name__, ()):
            arguments = {name: getattr(one, name) for name in one.job_fields}
            caused.setdefault(job_name, []).append({**arguments, "_rid": rid})
    for job_name, many in caused.items():
        jobs.enqueue_many(job_name, many)


INSERT = """
INSERT INTO core_event (name, at, order_id, unit_id, data, request_id)
SELECT name, %s, order_id, unit_id, data, rid
FROM json_to_recordset(%s::json) AS one (name text, order_id bigint, unit_id bigint, data jsonb, rid text)
"""


def _data(one: News) -> dict[str, Any]:
    """All that is in the news beside the ids of order and unit."""
    return {name: getattr(one, name) for name in _told(type(one))}


def _told(kind: type[News]) -> tuple[str, ...]:
    known = _names.get(kind)
    if known is None:
        known = _names[kind] = tuple(one.name for one in fields(kind) if one.name not in ("order_id", "unit_id"))
    return known


_names: dict[type[News], tuple[str, ...]] = {}
