"""Mails in the books."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser

from sandbox.kit.books import Books, JsonObject, Row
from sandbox.kit.clock import Clock

SCHEMA = """
create table if not exists mail_message (
    id integer primary key autoincrement, received_at text not null, sender text not null, recipients text not null,
    subject text not null, message_id text not null, size integer not null);
create index if not exists mail_message_id on mail_message (message_id);
create table if not exists mail_recipient (address text not null, message integer not null);
create index if not exists mail_recipient_address on mail_recipient (address, message);
create table if not exists mail_raw (message integer primary key, raw blob not null);
create table if not exists mail_greylist (address text primary key);
create table if not exists mail_refusal (
    id integer primary key, at text not null, stage text not null, address text not null, answer text not null);
"""
_headers = BytesHeaderParser(policy=policy.compat32)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which mails: to an address (or a part of one, without @), with a word in the subject, after an id."""

    to: str = ""
    subject: str = ""
    since_id: int = 0


class Mailbox:
    """Reading and writing; a mail is committed before SMTP says that it was taken."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    def add(self, sender: str, recipients: Sequence[str], raw: bytes) -> int:
        """Keep one mail; its number."""
        headers = _headers.parsebytes(raw[: raw.find(b"\r\n\r\n") + 4] if b"\r\n\r\n" in raw else raw)
        subject, message_id = _decoded(headers.get("Subject")), str(headers.get("Message-ID", "")).strip()
        values = (self._clock.now().isoformat(), sender, json.dumps(list(recipients)), subject, message_id, len(raw))
        with self._books.transaction() as db:
            cursor = db.execute(
                "insert into mail_message (received_at, sender, recipients, subject, message_id, size) "
                "values (?, ?, ?, ?, ?, ?)",
                values,
            )
            number = int(cursor.lastrowid or 0)
            db.execute("insert into mail_raw values (?, ?)", (number, raw))
            db.executemany(
                "insert into mail_recipient values (?, ?)", [(address.lower(), number) for address in recipients]
            )
        return number

    def refuse(self, stage: str, address: str, answer: str) -> None:
        """Note that something was not taken."""
        self._books.execute(
            "insert into mail_refusal (at, stage, address, answer) values (?, ?, ?, ?)",
            (self._clock.now().isoformat(), stage, address, answer),
        )

    def greylisted(self, address: str) -> bool:
        """Every second try is let in: refuse this one?"""
        with self._books.transaction() as db:
            known = db.execute("delete from mail_greylist where address = ?", (address,)).rowcount
            if not known:
                db.execute("insert into mail_greylist values (?)", (address,))
        return not known

    def find(self, wanted: Filter, limit: int) -> list[JsonObject]:
        """Oldest first; when there are more than `limit`, the first ones after `since_id`, else the newest."""
        where, values = _where(wanted)
        newest = wanted.since_id == 0
        rows = self._books.rows(
            f"select * from mail_message where {where} order by id {'desc' if newest else 'asc'} limit ?",
            (*values, limit),
        )
        return [_shown(row) for row in (reversed(rows) if newest else rows)]

    def page(self, wanted: Filter, limit: int, offset: int) -> list[JsonObject]:
        """Newest first."""
        where, values = _where(wanted)
        sql = f"select * from mail_message where {where} order by id desc limit ? offset ?"
        return [_shown(row) for row in self._books.rows(sql, (*values, limit, offset))]

    def get(self, number: int) -> JsonObject | None:
        """One mail without its content."""
        row = self._books.row("select * from mail_message where id = ?", (number,))
        return _shown(row) if row else None

    def raw(self, number: int) -> bytes | None:
        """The mail as it came."""
        row = self._books.row("select raw from mail_raw where message = ?", (number,))
        return bytes(row["raw"]) if row else None

    def clear(self) -> int:
        """Throw all mails away; numbers go on. Returns how many there were."""
        with self._books.transaction() as db:
            count = db.execute("delete from mail_message").rowcount
            for table in ("mail_raw", "mail_recipient", "mail_greylist", "mail_refusal"):
                db.execute(f"delete from {table}")
        return count

    def summary(self) -> JsonObject:
        """Totals."""
        number = self._books.number
        return {
            "count": number("select count(*) from mail_message"),
            "distinct_message_ids": number("select count(distinct message_id) from mail_message"),
            "recipients": number("select count(distinct address) from mail_recipient"),
            "bytes": number("select sum(size) from mail_message"),
            "refused": number("select count(*) from mail_refusal"),
            "last_id": number("select max(id) from mail_message"),
        }


def _where(wanted: Filter) -> tuple[str, tuple[object, ...]]:
    parts: list[tuple[str, object]] = [("id > ?", wanted.since_id)]
    if "@" in wanted.to:
        parts.append(("id in (select message from mail_recipient where address = ?)", wanted.to.lower()))
    elif wanted.to:
        parts.append(("id in (select message from mail_recipient where instr(address, ?) > 0)", wanted.to.lower()))
    if wanted.subject:
        parts.append(("instr(lower(subject), ?) > 0", wanted.subject.lower()))
    return " and ".join(sql for sql, _ in parts), tuple(value for _, value in parts)


def _shown(row: Row) -> JsonObject:
    return {
        "id": row["id"],
        "from": row["sender"],
        "to": json.loads(row["recipients"]),
        "subject": row["subject"],
        "message_id": row["message_id"],
        "received_at": row["received_at"],
        "size": row["size"],
    }


def _decoded(value: object) -> str:
    text = str(value or "")
    if "=?" not in text:
        return " ".join(text.split())
    try:
        return " ".join(str(make_header(decode_header(text))).split())
    except (LookupError, UnicodeDecodeError):
        return text
