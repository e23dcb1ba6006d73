"""From the rows of a file and the people of a company to what would be added and changed, and which rows can not be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from simplane.core.errors import Refusal
from simplane.workforce.errors import BadPerson
from simplane.workforce.facts import text
from simplane.workforce.file_read import HEADINGS, Row
from simplane.workforce.file_values import DATES, FIELDS, LEFT, Known, Problem, Wish
from simplane.workforce.places import clean_code, clean_name


class Directory:
    """Everybody known, by what a file may call them."""

    def __init__(self, people: Sequence[Known]) -> None:
        self.people = people
        # Who left comes first, so that who works here under the same address counts.
        ordered = sorted(people, key=lambda one: one.state != LEFT)
        self.by_external_id = {one.external_id: one for one in ordered if one.external_id}
        self.by_user_name = {one.user_name.lower(): one for one in ordered}
        self.by_email = {one.email.lower(): one for one in ordered if one.email}

    def find(self, external_id: str, email: str) -> Known | None:
        """By the HR number, else by address or sign-in name."""
        low = email.lower()
        by_number = self.by_external_id.get(external_id) if external_id else None
        return by_number or self.by_email.get(low) or self.by_user_name.get(low)


class Reading:
    """Rows to wishes, one by one, with what was seen before in the same file."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.problems: list[Problem] = []
        self._seen: dict[tuple[str, str], int] = {}
        self._people: dict[int, int] = {}

    def wish(self, row: Row) -> Wish | None:
        """None when the row can not be; `problems` then says why."""
        before = len(self.problems)
        facts: dict[str, Any] = {name: self._text(row, name) for name in FIELDS if name in row.values}
        facts.update({name: self._date(row, name) for name in DATES if name in row.values})
        wish = Wish(row.number, facts, self.directory.find(facts.get("external_id", ""), facts.get("email", "")))
        wish.team = self._place(row, "team", clean_name)
        wish.cost_centre = self._place(row, "cost_centre", clean_code)
        wish.manager = row.values.get("manager")
        if len(self.problems) == before:
            self._once(row, wish)
            self._named(row, wish)
        return wish if len(self.problems) == before else None

    def refuse(self, row: int, column: str, value: str, what: str, fix: str) -> None:
        """One more reason against a row."""
        self.problems.append(Problem(row, HEADINGS[column], value[:80], what, fix))

    def _text(self, row: Row, name: str) -> str:
        given = row.values[name]
        if name == "locale" and not given:
            return "en"
        if name == "user_name" and not given:
            return ""
        try:
            return text(name, given)
        except BadPerson as why:
            self.refuse(row.number, name, given, why.message, why.fix)
            return ""

    def _date(self, row: Row, name: str) -> date | None:
        given = row.values[name]
        if not given:
            return None
        for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
            try:
                return datetime.strptime(given, pattern).date()  # noqa: DTZ007  a day has no time zone
            except ValueError:
                continue
        self.refuse(row.number, name, given, f"{given} is no day", "write it as 2026-11-30")
        return None

    def _place(self, row: Row, name: str, clean: Any) -> str | None:
        given = row.values.get(name)
        if not given:
            return given
        try:
            return str(clean(given))
        except Refusal as why:
            self.refuse(row.number, name, given, why.message, why.fix)
            return None

    def _once(self, row: Row, wish: Wish) -> None:
        """Nobody stands twice in a file, nor two people under one address or number."""
        for name in ("email", "external_id", "user_name"):
            value = str(wish.facts.get(name, "")).lower()
            earlier = self._seen.setdefault((name, value), row.number) if value else row.number
            if earlier != row.number:
                what = f"row {earlier} has the same {HEADINGS[name]}"
                return self.refuse(row.number, name, value, what, "delete one of the two rows")
        earlier = self._people.setdefault(wish.node, row.number)
        if earlier != row.number:
            what = f"row {earlier} is about the same person"
            self.refuse(row.number, "email", wish.name, what, "delete one of the two rows")
        return None

    def _named(self, row: Row, wish: Wish) -> None:
        """Names that must be there, and that nobody else may have."""
        facts, known = wish.facts, wish.known
        if known is None and not facts.get("email"):
            return self.refuse(
                row.number, "email", "", "there is no e-mail address", "give one: the eSIM is sent there"
            )
        if known is not None and "email" in facts and not facts["email"]:
            del facts["email"]
        self._sign_in_name(wish)
        others = (
            ("email", self.directory.by_email),
            ("user_name", self.directory.by_user_name),
            ("external_id", self.directory.by_external_id),
        )
        for name, taken in others:
            value = str(facts.get(name, ""))
            other = taken.get(value if name == "external_id" else value.lower()) if value else None
            if other is not None and other is not known and not (name == "email" and other.state == LEFT):
                self.refuse(row.number, name, value, f"{other.name} has it already", "correct it, or change them first")
        return None

    @staticmethod
    def _sign_in_name(wish: Wish) -> None:
        """Mostly the address: it follows that one, unless the identity provider says otherwise."""
        facts, known = wish.facts, wish.known
        if facts.get("user_name"):
            return
        facts.pop("user_name", None)
        follows = known is None or (known.user_name.lower() == known.email.lower() and known.source != "scim")
        if follows and "email" in facts:
            facts["user_name"] = facts["email"]
