"""The books of one stand-in: a single SQLite file that survives kill -9, with a few helpers around it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]
Row = sqlite3.Row

KIT_SCHEMA = """
create table if not exists kit_state (key text primary key, value text not null);
create table if not exists kit_journal (
    id integer primary key, at text not null, operation text not null, method text not null, path text not null,
    body text not null, status integer not null, ms real not null, fault text);
create table if not exists kit_delivery (
    id integer primary key, url text not null, headers text not null, body blob not null, due_at real not null,
    schedule text not null, attempts integer not null default 0, state text not null default 'due',
    last_status integer, last_error text, label text not null default '');
create index if not exists kit_delivery_due on kit_delivery (state, due_at);
"""


class Books:
    """One connection in autocommit mode, WAL, synchronous=NORMAL: a commit survives the process, not the power.

    All work is done on the event loop's thread without awaiting inside a transaction, so calls never interleave.
    """

    def __init__(self, path: Path, schema: str = "") -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.execute("pragma busy_timeout=5000")
        self._db.executescript(KIT_SCHEMA + schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside commits together or not at all. Refuses to nest (sqlite3.OperationalError)."""
        self._db.execute("begin immediate")
        try:
            yield self._db
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> sqlite3.Cursor:
        """One statement: committed at once outside `transaction()`, part of it inside."""
        return self._db.execute(sql, values)

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """The same statement for many rows; wrap it in `transaction()` when there are more than a few."""
        self._db.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """All rows of a query, readable by column name."""
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def number(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """The first column of the first row as an integer; 0 for no row or null."""
        found = self._db.execute(sql, values).fetchone()
        return int(found[0] or 0) if found else 0

    def get_state(self, key: str) -> Any:
        """A small JSON value kept across restarts, or None."""
        found = self.row("select value from kit_state where key = ?", (key,))
        return json.loads(found["value"]) if found else None

    def set_state(self, key: str, value: Any) -> None:
        """Keep a small JSON value across restarts."""
        self.execute("insert or replace into kit_state (key, value) values (?, ?)", (key, json.dumps(value)))

    def start_numbers(self, table: str, first: int) -> None:
        """Let the ids of an `autoincrement` table begin at `first`; ids already given are never given again."""
        self.execute(
            "insert into sqlite_sequence (name, seq) select ?, ? where not exists"
            " (select 1 from sqlite_sequence where name = ?)",
            (table, first - 1, table),
        )

    def wipe(self, keep_state: Sequence[str] = ()) -> None:
        """Empty every table; only the named `kit_state` keys stay."""
        names = [row["name"] for row in self.rows("select name from sqlite_master where type = 'table'")]
        marks = ", ".join("?" for _ in keep_state)
        with self.transaction() as db:
            for name in names:
                if name.startswith("sqlite_"):
                    continue
                only = f" where key not in ({marks})" if name == "kit_state" and keep_state else ""
                db.execute(f"delete from {name}{only}", keep_state if only else ())

    def close(self) -> None:
        """Close the file; a last checkpoint folds the write-ahead log into it."""
        self._db.close()
