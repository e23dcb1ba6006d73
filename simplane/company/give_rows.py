"""Lines for many people: from what somebody uploaded or ticked to who would get which plan, at what price, and who not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from simplane.company.give import verdict_on
from simplane.core.cells import csv_lines
from simplane.fleet.bulk import MOST
from simplane.fleet.models import FleetLine, Plan
from simplane.policies.models import Budget, Policy
from simplane.policies.values import Verdict
from simplane.workforce.file_read import COLUMNS, Columns, UnreadableFile, read
from simplane.workforce.models import Employee

HEADINGS: Columns = {
    "row": ("row",),
    "email": COLUMNS["email"],
    "external_id": (*COLUMNS["external_id"], "number"),
    "plan": ("plan", "tariff", "tarif"),
    "label": ("label", "device", "note"),
}
OPEN_LINES = ~Q(lines__state__in=[FleetLine.State.ENDED, FleetLine.State.FAILED])


@dataclass(frozen=True, slots=True)
class Said:
    """One row as it was given: `who` by address, HR number or our id; an empty plan is the one chosen for all."""

    number: int
    who: str
    plan: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """What would come of one row. `problem`: why nothing would; `has`: lines the person has already."""

    said: Said
    person: Employee | None = None
    plan: Plan | None = None
    verdict: Verdict | None = None
    problem: str = ""
    has: int = 0

    @property
    def good(self) -> bool:
        """Whether a line is asked for."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Preview:
    """All rows; asking is refused when it would be something else than was shown (`digest`)."""

    rows: tuple[Row, ...]
    text: str

    @property
    def good(self) -> list[Row]:
        """Those that get a line, in the order of the file."""
        return [one for one in self.rows if one.good]

    @property
    def bad(self) -> list[Row]:
        """The others."""
        return [one for one in self.rows if not one.good]

    @property
    def denied(self) -> str:
        """Numbers of the rows that the rules refuse, joined by commas: what `preview` takes back."""
        refused = (one for one in self.bad if one.verdict is not None)
        return ",".join(str(one.said.number) for one in refused)

    @property
    def waiting(self) -> int:
        """How many would wait for approval."""
        return sum(1 for one in self.good if one.verdict and one.verdict.outcome == "needs_approval")

    @property
    def totals(self) -> list[tuple[int, str]]:
        """Minor units and currency."""
        sums: dict[str, int] = {}
        for one in self.good:
            assert one.plan is not None
            sums[one.plan.currency] = sums.get(one.plan.currency, 0) + one.plan.price_minor
        return [(minor, currency) for currency, minor in sorted(sums.items())]

    @property
    def digest(self) -> str:
        """Of who gets what at which price."""
        told = "\n".join(
            f"{one.person.public_id} {one.plan.public_id} {one.plan.price_minor} {one.plan.currency} {one.said.label}"
            for one in self.good
            if one.person and one.plan
        )
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def said_in(content: bytes) -> tuple[Said, ...]:
    """The rows of a CSV file. Raises UnreadableFile."""
    rows = read(content, HEADINGS).rows
    if len(rows) > MOST:
        raise UnreadableFile(f"there are more than {MOST} people in it", fix="send them in parts")
    found = []
    for row in rows:
        get = row.values.get
        number = get("row", "")
        who = get("email") or get("external_id") or ""
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 8 else row.number
        found.append(Said(place, who, get("plan") or "", (get("label") or "").replace("\0", "")[:80]))
    return tuple(found)


def ticked(public_ids: Sequence[str]) -> tuple[Said, ...]:
    """The people of a list's boxes."""
    return tuple(Said(number, who, "", "") for number, who in enumerate(public_ids[:MOST], start=1))


def preview(
    said: Sequence[Said], plan_id: str, people: QuerySet[Employee], *, denied: frozenset[int] | None = None
) -> Preview:
    """What would come of the rows. `plan_id`: for those that name none. `people`: whom this member may give lines to.

    `denied`: row numbers that the rules refused when this was shown; the rules are not asked again then, for ordering
    asks them anyway.
    """
    plans = {key: one for one in Plan.objects.filter(active=True) for key in (one.name.lower(), one.public_id)}
    known = _known(people, [one.who for one in said])
    first: dict[tuple[int, str], int] = {}
    personal = _personal()
    verdicts: dict[tuple[int | None, ...], Verdict] = {}
    rows = []
    for one in said:
        row = _row(one, known, plans, plan_id)
        if row.good and row.person and row.plan:
            twin = first.setdefault((row.person.pk, one.label), one.number)
            key = (row.person.pk if personal else None, row.person.team_id, row.person.cost_centre_id, row.plan.pk)
            if denied is not None:
                verdicts[key] = Verdict("deny" if one.number in denied else "allow")
            elif twin == one.number and key not in verdicts:
                verdicts[key] = verdict_on(row.person, row.plan)
            row = _judged(row, twin, verdicts.get(key))
        rows.append(row)
    return Preview(tuple(rows), carried(said))


def carried(said: Iterable[Said]) -> str:
    """The same rows as a text that `said_in` reads: a preview hands it on to the confirmation."""
    return "".join(csv_lines(["row", "e-mail", "plan", "label"], ([s.number, s.who, s.plan, s.label] for s in said)))


def _row(said: Said, known: Mapping[str, Employee], plans: Mapping[str, Plan], plan_id: str) -> Row:
    person = known.get(said.who.lower())
    plan = plans.get(said.plan.lower() if said.plan else plan_id)
    has = getattr(person, "open_lines", 0)
    if person is None:
        return Row(
            said, problem=f"nobody here is known as {said.who}: add them first" if said.who else "it names nobody"
        )
    if person.state == Employee.State.LEFT:
        return Row(said, person, plan, problem="has left")
    if not person.email:
        return Row(said, person, plan, problem="has no e-mail address to send the eSIM to")
    if plan is None:
        return Row(said, person, problem=f"there is no plan {said.plan}" if said.plan else "no plan is chosen")
    return Row(said, person, plan, has=has)


def _judged(row: Row, twin: int, verdict: Verdict | None) -> Row:
    if twin != row.said.number:
        return Row(row.said, row.person, row.plan, problem=f"row {twin} is the same person: give them different labels")
    assert verdict is not None
    denied = (verdict.words or "refused by the rules") if verdict.outcome == "deny" else ""
    return Row(row.said, row.person, row.plan, verdict, denied, row.has)


def _known(people: QuerySet[Employee], said: Sequence[str]) -> dict[str, Employee]:
    """By address, sign-in name, HR number and id, in small letters. Who works here goes before who left."""
    plain = {one.replace("\0", "") for one in said if one}
    low = {one.lower() for one in plain}
    rows = people.filter(removed_at=None).annotate(low_email=Lower("email"), low_name=Lower("user_name"))
    found = rows.filter(Q(low_email__in=low) | Q(low_name__in=low) | Q(external_id__in=plain) | Q(public_id__in=low))
    known: dict[str, Employee] = {}
    for one in found.select_related("team").annotate(open_lines=Count("lines", filter=OPEN_LINES)):
        for name in (one.email, one.user_name, one.external_id, one.public_id):
            old = known.get(name.lower())
            if name and (old is None or old.state == Employee.State.LEFT):
                known[name.lower()] = one
    return known


def _personal() -> bool:
    """Whether rules or budgets look at single people; if not, what holds for one of a team holds for the next."""
    rules = Policy.objects.filter(Q(level="employee") | Q(variant="employee"), active=True)
    return rules.exists() or Budget.objects.filter(level="employee", active=True).exists()
