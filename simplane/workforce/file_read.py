"""A CSV file of people as spreadsheets and HR systems write it: bytes to rows, column names to ours."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from simplane.core.errors import Refusal

MOST_BYTES = 16 * 1024 * 1024
MOST_ROWS = 100_000
Columns = Mapping[str, tuple[str, ...]]
COLUMNS: Columns = {
    "email": ("e-mail", "email", "mail", "e-mail address", "work email", "e-mail-adresse"),
    "given_name": ("given name", "first name", "vorname"),
    "family_name": ("family name", "last name", "surname", "nachname"),
    "external_id": ("external id", "employee id", "employee number", "personnel number", "personalnummer"),
    "user_name": ("user name", "sign-in name", "login", "user principal name", "upn"),
    "team": ("team", "department", "abteilung"),
    "cost_centre": ("cost centre", "cost center", "kostenstelle"),
    "manager": ("manager", "manager email", "reports to", "supervisor", "vorgesetzter"),
    "country": ("country", "country code", "land"),
    "title": ("title", "job title", "position"),
    "locale": ("language", "locale", "sprache"),
    "starts_on": ("starts on", "start date", "first day", "eintritt"),
    "ends_on": ("ends on", "end date", "last day", "austritt"),
}
"""Our field -> what a column of it may be called; case, blanks and signs do not matter. The first is how we write it."""
HEADINGS: Mapping[str, str] = {field: names[0] for field, names in COLUMNS.items()}


class UnreadableFile(Refusal):
    """The file is no CSV file of people."""

    code = "unreadable_file"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file. `number` as a spreadsheet counts, the heading being 1."""

    number: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it was read. `ignored`: headings that we do not know."""

    fields: tuple[str, ...]
    rows: tuple[Row, ...]
    ignored: tuple[str, ...]


def read(content: bytes, columns: Columns = COLUMNS) -> Sheet:
    """UTF-8 with or without its mark, separated by commas, semicolons or tabs. Raises UnreadableFile.

    `columns`: what a file of another kind may say of people, as `COLUMNS`.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFile(f"the file is larger than {MOST_BYTES // 2**20} MB", fix="send it in parts")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fix = "save it as “CSV UTF-8” in your spreadsheet"
        raise UnreadableFile(f"the file is not UTF-8 (at byte {error.start})", fix=fix) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        heading = next(reader, [])
        places, ignored = _places(heading, columns)
        rows = tuple(_rows(reader, places))
    except csv.Error as error:
        fix = "look for a quotation mark that is opened and not closed"
        raise UnreadableFile(f"row {reader.line_num} can not be read", fix=fix) from error
    return Sheet(tuple(places), rows, ignored)


def _separator(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _places(heading: list[str], columns: Columns) -> tuple[dict[str, int], tuple[str, ...]]:
    known = {_plain(name): field for field, names in columns.items() for name in (field, *names)}
    places: dict[str, int] = {}
    ignored: list[str] = []
    for place, name in enumerate(heading):
        field = known.get(_plain(name))
        if field is None:
            ignored.append(name.strip()[:80])
        elif field in places:
            raise UnreadableFile(f"two columns say {columns[field][0]}", fix="delete or rename one of them")
        else:
            places[field] = place
    if "email" not in places and "external_id" not in places:
        fix = "the first row holds the headings, and one of them is “e-mail”"
        raise UnreadableFile("there is no column with e-mail addresses", fix=fix)
    return places, tuple(name for name in ignored if name)


def _rows(reader: object, places: Mapping[str, int]) -> list[Row]:
    rows: list[Row] = []
    for number, cells in enumerate(reader, start=2):  # type: ignore[arg-type, var-annotated]
        values = {field: _value(cells[place]) if place < len(cells) else "" for field, place in places.items()}
        if any(values.values()):
            rows.append(Row(number, values))
        if len(rows) > MOST_ROWS:
            raise UnreadableFile(f"there are more than {MOST_ROWS} people in it", fix="send them in parts")
    return rows


def _value(cell: str) -> str:
    """Without the apostrophe by which an export keeps a spreadsheet from running it."""
    found = cell.strip()
    return found[1:] if found[:1] == "'" and found[1:2] in ("=", "+", "-", "@") else found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
