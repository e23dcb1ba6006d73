"""What a file of people says and what is known, as plain values: between reading, planning and taking in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from simplane.workforce.models import Employee

FIELDS = ("user_name", "email", "given_name", "family_name", "title", "country", "locale", "external_id")
DATES = ("starts_on", "ends_on")
LEFT = str(Employee.State.LEFT)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row can not be taken in. `row` as a spreadsheet counts; `column` as in `file_read.HEADINGS`."""

    row: int
    column: str
    value: str
    what: str
    fix: str


@dataclass(slots=True)
class Known:
    """Somebody of the company before the file."""

    pk: int
    public_id: str
    user_name: str
    email: str
    external_id: str
    given_name: str
    family_name: str
    title: str
    country: str
    locale: str
    starts_on: date | None
    ends_on: date | None
    state: str
    left_at: datetime | None
    source: str
    version: int
    team_id: int | None
    cost_centre_id: int | None
    manager_id: int | None

    @property
    def name(self) -> str:
        """As `Employee.name`."""
        return f"{self.given_name} {self.family_name}".strip() or self.email or self.user_name


@dataclass(slots=True)
class Wish:
    """One row: what it wants of whom. What is not in `facts` is not said."""

    row: int
    facts: dict[str, Any]
    known: Known | None = None
    """None: a new person."""
    team: str | None = None
    """By name; None: not said, empty: none."""
    cost_centre: str | None = None
    manager: str | None = None
    """By e-mail, sign-in name or external ID, as written."""
    boss: int | None = None
    """Node of the manager; see `node`."""

    @property
    def node(self) -> int:
        """Who this is among all people: the key of somebody known, minus the row of somebody new."""
        return self.known.pk if self.known is not None else -self.row

    @property
    def name(self) -> str:
        """Of the person, for people."""
        said = f"{self.facts.get('given_name', '')} {self.facts.get('family_name', '')}".strip()
        return said or (self.known.name if self.known else str(self.facts.get("email", "")))


@dataclass(frozen=True, slots=True)
class Plan:
    """What taking a file in would do. `add`, `change` and `back` hold the good rows only."""

    add: tuple[Wish, ...]
    change: tuple[Wish, ...]
    """Somebody known, of whom the file says something else."""
    same: int
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]
    """Headings of the file that we do not know."""
    new_teams: tuple[str, ...]
    new_cost_centres: tuple[str, ...]
    digest: str
    """Of all this: taking in is refused when it would do something else than was shown."""
    changes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Of each changed row: column of Employee -> new value, but for team, cost centre and manager."""

    @property
    def back(self) -> int:
        """How many had left and come back."""
        return sum(1 for one in self.change if one.known and one.known.state == LEFT)
