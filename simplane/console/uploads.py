"""Tables that people upload: read row by row, shown before anything is saved, saved only as they were shown."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core import signing
from django.http import HttpRequest

from simplane.core import clock
from simplane.core.errors import BadInput, Refusal

MOST_ROWS = 5_000
MOST_BYTES = 1_000_000
LOOK_SECONDS = 30 * 60
_SALT = "simplane.console.upload"


class Stale(Refusal):
    """What was shown is no longer what would be saved."""

    code = "stale_preview"
    status = 409


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number there, and its cells by column name (trimmed)."""

    number: int
    cells: dict[str, str]


def uploaded(request: HttpRequest) -> str:
    """The text of the file `file`, else of the field `content`. Raises BadInput."""
    sent = request.FILES.get("file")
    if sent is None:
        content = request.POST.get("content", "")
        if not content.strip():
            raise BadInput("there is no file", fix="choose one, or paste its lines")
        raw = content.encode()
    else:
        raw = sent.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise BadInput("this file is too large", fix=f"at most {MOST_BYTES // 1000} kB; split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("this file is not UTF-8", fix="save it as CSV UTF-8") from None


def rows_of(content: str, needed: Sequence[str], known: Sequence[str] = ()) -> list[Row]:
    """Rows of a CSV text with a heading line; commas or semicolons. Raises BadInput for a table that can not be read."""
    lines = _plain(content)
    heading = lines.lstrip("\n").partition("\n")[0]
    reader = csv.DictReader(io.StringIO(lines), delimiter=";" if heading.count(";") > heading.count(",") else ",")
    try:
        columns = [name.strip().lower() for name in reader.fieldnames or []]
        reader.fieldnames = columns
        _check_columns(columns, needed, known)
        rows = [
            Row(reader.line_num, {name: _text(value) for name, value in one.items()})
            for one in map(_whole, reader)
            if any(one.values())
        ]
    except csv.Error as error:
        raise BadInput(f"this is no CSV: {error}", fix="save the table as CSV UTF-8") from None
    if not rows:
        raise BadInput("this table has no rows", fix=f"the first line names the columns: {', '.join(needed)}")
    if len(rows) > MOST_ROWS:
        raise BadInput(f"{len(rows)} rows are too many", fix=f"at most {MOST_ROWS:,} at once; split the file")
    return rows


def token(content: str, facts: object) -> str:
    """Bound to the text and to what was shown for it."""
    return signing.dumps(_digest(content, facts), salt=_SALT)


def check(given: str, content: str, facts: object) -> None:
    """Whether this is what was shown, half an hour ago at most. Raises Stale."""
    try:
        shown = signing.loads(given, salt=_SALT, max_age=LOOK_SECONDS)
    except signing.BadSignature:
        raise Stale(fix="look at the preview again, then confirm") from None
    if shown != _digest(content, facts):
        raise Stale("prices, costs or the rows have changed since the preview", fix="look at it again, then confirm")


def day(text: str) -> datetime | None:
    """Midnight (UTC) of `2026-12-31`; None of nothing; a day's moment may be given too. Raises BadInput."""
    if not text:
        return None
    try:
        return clock.parse_time(text)
    except ValueError:
        raise BadInput(f"{text!r} is no day", fix="write it as 2026-12-31") from None


def plain_day(text: str) -> date:
    """`2026-12-31`. Raises BadInput."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no day", fix="write it as 2026-12-31") from None


def _check_columns(columns: Sequence[str], needed: Sequence[str], known: Sequence[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadInput(
            f"the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} can not be found",
            fix=f"the first line names the columns: {', '.join(needed)}",
        )
    strange = [name for name in columns if name and name not in (*needed, *known)]
    if strange:
        raise BadInput(f"the column {', '.join(strange)} is unknown", fix=f"there are {', '.join((*needed, *known))}")
    if len(set(columns)) != len(columns):
        raise BadInput("a column stands twice in the first line")


def _whole(row: dict[str | None, Any]) -> dict[str, str | None]:
    """The row, if it has no more cells than there are columns: those stand under None."""
    if None in row:
        raise BadInput("a row has more cells than there are columns", fix='put cells with commas in quotes: "a, b"')
    return {name: value for name, value in row.items() if name}


def _text(value: str | None) -> str:
    """Without the apostrophe that keeps a spreadsheet from running it."""
    return (value or "").strip().removeprefix("'").strip()


def _digest(content: str, facts: object) -> str:
    return hashlib.sha256(f"{_plain(content)}\0{facts!r}".encode()).hexdigest()


def _plain(content: str) -> str:
    """A browser sends every line end of a form as two characters."""
    return content.replace("\r\n", "\n").replace("\r", "\n")
