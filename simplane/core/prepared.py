"""A statement prepared once a connection and given its values as PostgreSQL's own texts.

psycopg finds out anew for every call how each value is to be written: 0.2 ms of a statement with 19 of them. Where one
statement is all that a request does, that is more than everything else the process does for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

Connection = psycopg.Connection[tuple[Any, ...]]
Row = tuple[bytes | None, ...]


class Prepared:
    """`sql` has $1, $2, … with their types."""

    def __init__(self, name: str, sql: str) -> None:
        self._name = name.encode()
        self._sql = sql.encode()
        self._known: WeakSet[Connection] = WeakSet()

    def rows(self, connection: Connection, values: Sequence[str | None]) -> list[Row]:
        """Run it, outside a transaction in one of its own. Raises psycopg.Error as psycopg does."""
        if connection not in self._known:
            _good(connection, connection.pgconn.prepare(self._name, self._sql))
            self._known.add(connection)
        raw: list[Any] = [None if value is None else value.encode() for value in values]
        if any(one is not None and b"\0" in one for one in raw):
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        result = _good(connection, connection.pgconn.exec_prepared(self._name, raw))
        columns = range(result.nfields)
        return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]


def _good(connection: Connection, result: PGresult) -> PGresult:
    if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        return result
    if connection.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result)


def array(values: Iterable[str | int | None]) -> str:
    """The text of an array: of texts, whole numbers, or what `hexed` makes."""
    return "{" + ",".join(["NULL" if one is None else _element(one) for one in values]) + "}"


def _element(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def hexed(value: bytes) -> str:
    """The text of a bytea."""
    return "\\x" + value.hex()
