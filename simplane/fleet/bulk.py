"""Many lines at once: each wish stands for itself, is made once, and what is refused says why; the rest goes on.

In the company's scope. A bulk has a key a line (`<bulk>:<n>`), so asking again after an interruption goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count, Q

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.ids import new_id
from simplane.fleet.actions import provision, reactivate, replace, suspend, terminate
from simplane.fleet.models import Bulk, BulkRow, Operation
from simplane.fleet.states import OPEN

MOST = 1_000
Kind = Literal["provision", "suspend", "reactivate", "terminate", "replace"]
_SERVICE = {"suspend": suspend, "reactivate": reactivate, "terminate": terminate, "replace": replace}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of many: a person who gets a line on a plan, or a line. `note`: how the caller names it in answers."""

    subject: str
    """public id of the employee (provision) or of the line."""
    plan: str = ""
    note: str = ""
    label: str = ""
    """Of a new line."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """One that was refused: which, why, and what to do."""

    wanted: Wanted
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk is. `refused` by `run` stand in its answer only, those of `bulk_rows` here; they became no operations."""

    bulk: Bulk
    done: int
    failed: int
    open: int
    waiting: int = 0
    """Not yet written down."""
    refused: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing of it is under way any more."""
        return self.open + self.waiting == 0


def start(kind: Kind, total: int, *, asked_by: str) -> Bulk:
    """Open a bulk. Raises BadInput for none or more than 1,000."""
    with transaction():
        return opened(kind, total, asked_by=asked_by)


@needs_transaction
def opened(kind: Kind, total: int, *, asked_by: str, key: str = "") -> Bulk:
    """Part of asking for many. `key`: one that no bulk of the company has yet. Raises BadInput as `start`."""
    if not 1 <= total <= MOST:
        raise BadInput(f"{total} lines at once are not possible", fix=f"choose 1 to {MOST}")
    made: Bulk = Bulk.objects.create(
        public_id=new_id("bulk"),
        kind=kind,
        total=total,
        asked_by=asked_by[:120],
        asked_at=clock.now(),
        idempotency_key=key,
    )
    audit.note(f"bulk.{kind}", "bulk", made.public_id, after={"lines": total})
    return made


def run(bulk: Bulk, wanted: Sequence[Wanted], *, asked_by: str, reason: str = "") -> list[NotDone]:
    """Write down each wish; returns those that were refused. May be called again with the same list: nothing is doubled."""
    refused = []
    for number, one in enumerate(wanted):
        try:
            ask_for(bulk, one, f"{bulk.public_id}:{number}", asked_by, reason)
        except Refusal as refusal:
            refused.append(NotDone(one, str(refusal), refusal.fix))
    return refused


def progress(public_id: str) -> Progress:
    """How far a bulk is. Raises NotFound."""
    bulk = Bulk.objects.filter(public_id=public_id).first()
    if bulk is None:
        raise NotFound("there is no such bulk request")
    states = Operation.objects.filter(bulk=bulk).order_by().values("state").annotate(many=Count("pk"))
    by_state = {row["state"]: row["many"] for row in states}
    done = by_state.get(Operation.State.DONE, 0)
    waiting = sum(by_state.get(state, 0) for state in OPEN)
    rows = BulkRow.objects.filter(bulk=bulk).aggregate(
        waiting=Count("pk", filter=Q(taken_at=None)), refused=Count("pk", filter=~Q(refused=""))
    )
    return Progress(bulk, done, sum(by_state.values()) - done - waiting, waiting, **rows)


def ask_for(bulk: Bulk, one: Wanted, key: str, asked_by: str, reason: str) -> None:
    """One wish of a bulk, once a key. Raises what its verb raises."""
    if bulk.kind == "provision":
        provision(one.plan, one.subject, asked_by=asked_by, key=key, bulk=bulk, reason=reason, label=one.label)
    else:
        _SERVICE[bulk.kind](one.subject, asked_by=asked_by, reason=reason, key=key, bulk=bulk)
