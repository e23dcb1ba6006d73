"""News travels up: a package records what happened and does not know who listens.

`config/wiring.py` lists, for each event, the jobs that react. Recording writes the row and those jobs in the
transaction of the change, so either all of it happened or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from simplane.core import clock, context, jobs
from simplane.core.db import needs_transaction
from simplane.core.models import Event as EventRow


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
    at = clock.now()
    rid = context.request_id()
    EventRow.objects.bulk_create(
        EventRow(
            name=type(one).__name__,
            at=at,
            order_id=one.order_id,
            unit_id=one.unit_id,
            data=_data(one),
            request_id=rid,
        )
        for one in news
    )
    for one in news:
        for job_name in _reactions.get(type(one).__name__, ()):
            jobs.enqueue(job_name, **{field: getattr(one, field) for field in one.job_fields})


def _data(one: News) -> dict[str, Any]:
    return {key: value for key, value in asdict(one).items() if key not in ("order_id", "unit_id")}
