"""Files of people: uploaded, looked at, taken in. Nothing is written before somebody says so, and then all at once."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from simplane.core import audit, clock, context
from simplane.core.cells import csv_lines
from simplane.core.db import transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.ids import new_id
from simplane.workforce import file_write, managers
from simplane.workforce.file_bosses import Bosses
from simplane.workforce.file_plan import Directory, Reading
from simplane.workforce.file_read import Sheet, read
from simplane.workforce.file_values import DATES, FIELDS, LEFT, Plan, Wish
from simplane.workforce.models import CostCentre, Employee, PeopleFile, Team
from simplane.workforce.unique import told_if_taken


class FileHasErrors(Refusal):
    """Some rows of the file can not be taken in."""

    code = "file_has_errors"


class PlanChanged(Refusal):
    """People changed meanwhile, so that the file would do something else than was shown."""

    code = "plan_changed"
    status = 409


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many people a file added and changed, and how many of its rows were left out."""

    added: int
    changed: int
    left_out: int


def upload(name: str, content: bytes) -> PeopleFile:
    """Keep a file for a day, to be looked at. Raises UnreadableFile."""
    read(content)
    with transaction():
        made: PeopleFile = PeopleFile.objects.create(
            public_id=new_id("file"),
            name=name.replace("\0", "")[-120:],
            content=zlib.compress(content, 1),
            uploaded_by=context.actor()[:120],
            uploaded_at=clock.now(),
        )
        audit.note("people_file.uploaded", "people_file", made.public_id, after={"name": made.name})
    return made


def preview(public_id: str) -> Plan:
    """What taking it in would do now. Writes nothing. Raises NotFound."""
    return planned(read(_content(_file(public_id))))


def take_in(public_id: str, digest: str, *, good_rows_only: bool = False) -> TakenIn:
    """Do what was shown (`Plan.digest`), all of it or nothing. Raises NotFound, PlanChanged, FileHasErrors, Taken."""
    with told_if_taken(), transaction():
        file = _file(public_id, lock=True)
        content = _content(file)
        managers.lock()
        plan = planned(read(content))
        if plan.digest != digest:
            raise PlanChanged(fix="look at it again, then confirm")
        if plan.problems and not good_rows_only:
            raise FileHasErrors(
                f"{len({one.row for one in plan.problems})} rows can not be taken in",
                fix="correct the file and send it again, or take in the good rows only",
            )
        file_write.write(plan)
        return _done(file, content, plan)


def problem_lines(plan: Plan) -> Iterator[str]:
    """The problems of a file as a CSV file, to correct it by."""
    rows = ([one.row, one.column, one.value, one.what, one.fix] for one in plan.problems)
    return csv_lines(["row", "column", "value", "problem", "what to do"], rows)


def planned(sheet: Sheet) -> Plan:
    """Rows to what they would do, with everybody of the company read once."""
    reading = Reading(Directory(file_write.everybody()))
    wishes = [wish for row in sheet.rows if (wish := reading.wish(row)) is not None]
    good = Bosses(reading, wishes).settled()
    teams = {name.lower(): pk for pk, name in Team.objects.values_list("pk", "name")}
    centres = {code.lower(): pk for pk, code in CostCentre.objects.values_list("pk", "code")}
    changes = {one.row: _changes(one, teams, centres) for one in good if one.known is not None}
    add = tuple(one for one in good if one.known is None)
    change = tuple(one for one in good if changes.get(one.row))
    return Plan(
        add=add,
        change=change,
        same=len(good) - len(add) - len(change),
        problems=tuple(sorted(reading.problems, key=lambda one: one.row)),
        ignored=sheet.ignored,
        new_teams=_new([one.team for one in good if one.team], teams),
        new_cost_centres=_new([one.cost_centre for one in good if one.cost_centre], centres),
        digest=_digest(add, change, changes, reading),
        changes=changes,
    )


def _changes(wish: Wish, teams: dict[str, int], centres: dict[str, int]) -> dict[str, object]:
    """What is different from what is known. Team, cost centre and manager stand in it only to say that they are."""
    known = wish.known
    assert known is not None
    found: dict[str, object] = {
        name: wish.facts[name]
        for name in (*FIELDS, *DATES)
        if name in wish.facts and wish.facts[name] != getattr(known, name)
    }
    if wish.team is not None and (teams.get(wish.team.lower(), -1) if wish.team else None) != known.team_id:
        found["team"] = wish.team
    centre = wish.cost_centre
    if centre is not None and (centres.get(centre.lower(), -1) if centre else None) != known.cost_centre_id:
        found["cost_centre"] = centre
    if wish.manager is not None and wish.boss != known.manager_id:
        found["manager"] = wish.manager
    if known.state == LEFT and file_write.works(wish):
        found["state"] = str(Employee.State.ACTIVE)
    return found


def _new(said: list[str], known: dict[str, int]) -> tuple[str, ...]:
    """Names that nothing has yet; of several spellings the first counts."""
    first: dict[str, str] = {}
    for name in said:
        first.setdefault(name.lower(), name)
    return tuple(sorted(name for low, name in first.items() if low not in known))


def _digest(
    add: tuple[Wish, ...], change: tuple[Wish, ...], changes: dict[int, dict[str, object]], reading: Reading
) -> str:
    told = [
        [(one.row, one.facts, one.team, one.cost_centre, one.manager) for one in add],
        [(one.row, one.node, changes[one.row]) for one in change],
        sorted((one.row, one.column, one.what) for one in reading.problems),
    ]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def _done(file: PeopleFile, content: bytes, plan: Plan) -> TakenIn:
    taken = TakenIn(len(plan.add), len(plan.change), len({one.row for one in plan.problems}))
    file.content, file.taken_in_at = b"", clock.now()
    file.save(update_fields=["content", "taken_in_at"])
    after = {
        "name": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "added": taken.added,
        "changed": taken.changed,
        "rows left out": taken.left_out,
    }
    audit.note("people_file.taken_in", "people_file", file.public_id, after=after)
    return taken


def _file(public_id: str, *, lock: bool = False) -> PeopleFile:
    rows = PeopleFile.objects.select_for_update() if lock else PeopleFile.objects.all()
    row: PeopleFile | None = rows.filter(public_id=public_id).first()
    if row is None:
        raise NotFound("there is no such file", fix="upload it again")
    return row


def _content(file: PeopleFile) -> bytes:
    if not file.content:
        raise NotFound("the file is no longer here: it was taken in, or a day went by", fix="upload it again")
    return zlib.decompress(bytes(file.content))
