"""Wishes for a later day: written down, budgeted and told at once, begun on their day (UTC), taken back until then."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput
from simplane.fleet.actions.ending import close, release
from simplane.fleet.errors import NotPossible
from simplane.fleet.models import FleetLine, Operation, Service
from simplane.fleet.possible import OVERDUE, STOPPED, Hindrance, impossible
from simplane.fleet.states import OPEN
from simplane.fleet.telling import tell
from simplane.policies import actions as policies

K, Op = Operation.Kind, Operation.State
MOST = timedelta(days=366)
BUSY = timedelta(minutes=1)
WANTED: dict[str, Service] = {
    K.SUSPEND: Service.SUSPENDED,
    K.REACTIVATE: Service.ACTIVE,
    K.TERMINATE: Service.TERMINATED,
}
"""What a line is wanted to be from when such an operation begins."""


def later(on: date | None) -> date | None:
    """The day a wish waits for; None for today and for no day. Raises BadInput for one that is over or too far away."""
    today = clock.now().date()
    if on is None or on == today:
        return None
    if not today < on <= today + MOST:
        raise BadInput(f"{on} is no possible day", fix="choose today or a day of the next year (UTC)")
    return on


def start_of(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), UTC)


def planned(line: FleetLine, kind: str) -> bool:
    """Whether one of this kind waits for its day at a line: a second one can not."""
    return bool(Operation.objects.filter(line=line, kind=kind, state=Op.SCHEDULED).exists())


@needs_transaction
def begin(wish: Operation) -> bool:
    """Its day is here: it is under way from now on. False: not now (the line is busy), or not at all any more.

    Acts for us, in the transaction of the caller, who holds the operation.
    """
    line = FleetLine.objects.select_for_update(of=("self",)).select_related("plan").get(pk=wish.line_id)
    if _locked(pk=wish.pk) is None:
        return False
    hindered = impossible(line, wish.kind) or _stopped(line, wish)
    if hindered is not None:
        _give_up(wish, line, hindered)
        return False
    if Operation.objects.filter(line=line, state__in=OPEN).exists():
        Operation.objects.filter(pk=wish.pk).update(due_at=clock.now() + BUSY, lease_until=None)
        return False
    Operation.objects.filter(pk=wish.pk).update(state=Op.REQUESTED, state_at=clock.now())
    wish.state = Op.REQUESTED
    if wish.kind in WANTED:
        FleetLine.objects.filter(pk=line.pk).update(wanted=WANTED[wish.kind], wanted_at=clock.now())
    return True


@needs_transaction
def _locked(**which: int | str) -> Operation | None:
    """What waits for its day, for nobody else to begin or take back; None: it does not (any more)."""
    rows = Operation.objects.select_for_update(of=("self",)).select_related("line")
    found: Operation | None = rows.filter(**which, state=Op.SCHEDULED).first()
    return found


def _stopped(line: FleetLine, wish: Operation) -> Hindrance | None:
    return STOPPED if wish.kind == K.REACTIVATE and policies.stopped(line.pk) else None


@needs_transaction
def _give_up(wish: Operation, line: FleetLine, hindered: Hindrance) -> None:
    """It can not be done on its day: people are told, unless the line has ended anyway."""
    why = f"on its day it was not possible: {hindered.why}"
    if hindered is OVERDUE:
        drop(wish, why)
        return
    drop(wish, why, Op.FAILED)
    text = f"{K(wish.kind).label.capitalize()}: {why}. {hindered.fix.capitalize()}."
    tell(line, "planned", "What was planned for a line could not be done", text)


def take_back(operation_id: str, *, asked_by: str) -> Operation:
    """Cancel what waits for its day. In the company's scope. Raises NotPossible when it does not."""
    with transaction():
        # The line first, as everybody who changes it does.
        FleetLine.objects.select_for_update(of=("self",)).filter(operations__public_id=operation_id).first()
        wish = _locked(public_id=operation_id)
        if wish is None:
            raise NotPossible("this does not wait for a day (any more)", fix="look at the line again")
        drop(wish, f"taken back by {asked_by}")
        wish.refresh_from_db()
        return wish


@needs_transaction
def take_back_all(line: FleetLine, why: str, *kinds: str, asked_by: str = "") -> int:
    """Cancel what waits for its day at a line: of these kinds (none: of all), and of this actor alone. Returns how many."""
    rows = (
        Operation.objects.select_for_update(of=("self",)).select_related("line").filter(line=line, state=Op.SCHEDULED)
    )
    rows = rows.filter(kind__in=kinds) if kinds else rows
    found = list(rows.filter(asked_by=asked_by) if asked_by else rows)
    for wish in found:
        drop(wish, why)
    return len(found)


@needs_transaction
def drop(wish: Operation, why: str, state: Operation.State = Op.CANCELLED) -> None:
    """It is not done; what was set aside for it is free again."""
    release(wish)
    close(wish, state, why)
