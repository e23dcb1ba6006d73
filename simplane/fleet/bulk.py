"""Many lines at once: each wish stands for itself, is made once, and what is refused says why; the rest goes on.

In the company's scope. A bulk has a key a line (`<bulk>:<n>`), so asking again after an interruption goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.ids import new_id
from simplane.fleet.actions import provision, reactivate, replace, suspend, terminate
from simplane.fleet.models import Bulk, Operation
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


@dataclass(frozen=True, slots=True)
class NotDone:
    """One that was refused: which, why, and what to do."""

    wanted: Wanted
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk is. `refused` stand in the answer of `run` only; they never became operations."""

    bulk: Bulk
    done: int
    failed: int
    open: int

    @property
    def finished(self) -> bool:
        """Whether nothing of it is under way any more."""
        return self.open == 0


def start(kind: Kind, total: int, *, asked_by: str) -> Bulk:
    """Open a bulk. Raises BadInput for none or more than 1,000."""
    if not 1 <= total <= MOST:
        raise BadInput(f"{total} lines at once are not possible", fix=f"choose 1 to {MOST}")
    with transaction():
        made: Bulk = Bulk.objects.create(
            public_id=new_id("bulk"), kind=kind, total=total, asked_by=asked_by[:120], asked_at=clock.now()
        )
        audit.note(f"bulk.{kind}", "bulk", made.public_id, after={"lines": total})
    return made


def run(bulk: Bulk, wanted: Sequence[Wanted], *, asked_by: str, reason: str = "") -> list[NotDone]:
    """Write down each wish; returns those that were refused. May be called again with the same list: nothing is doubled."""
    refused = []
    for number, one in enumerate(wanted):
        try:
            _one(bulk, one, f"{bulk.public_id}:{number}", asked_by, reason)
        except Refusal as refusal:
            refused.append(NotDone(one, str(refusal), refusal.fix))
    return refused


def progress(public_id: str) -> Progress:
    """How far a bulk is. Raises NotFound."""
    bulk = Bulk.objects.filter(public_id=public_id).first()
    if bulk is None:
        raise NotFound("there is no such bulk request")
    rows = Operation.objects.filter(bulk=bulk).order_by().values("state").annotate(many=Count("pk"))
    by_state = {row["state"]: row["many"] for row in rows}
    done = by_state.get(Operation.State.DONE, 0)
    waiting = sum(by_state.get(state, 0) for state in OPEN)
    return Progress(bulk, done, sum(by_state.values()) - done - waiting, waiting)


def _one(bulk: Bulk, one: Wanted, key: str, asked_by: str, reason: str) -> None:
    if bulk.kind == "provision":
        provision(one.plan, one.subject, asked_by=asked_by, key=key, bulk=bulk, reason=reason)
    else:
        _SERVICE[bulk.kind](one.subject, asked_by=asked_by, reason=reason, key=key, bulk=bulk)
