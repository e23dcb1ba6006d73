"""Values written as PostgreSQL's texts come out as they went in, and errors are psycopg's own."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from simplane.core import jobs
from simplane.core.prepared import Connection, Prepared, array, hexed

pytestmark = pytest.mark.django_db(transaction=True)
NASTY = ["", "NULL", "a b", 'say "no"', "back\\slash", "{a,b}", "it's", "line\nend", "Zürich ✈", None]


@pytest.fixture
def own() -> Iterator[Connection]:
    with psycopg.connect(**jobs.connection_parameters(), autocommit=True) as made:
        yield made


def test_texts_numbers_and_bytes_come_out_as_they_went_in(own: Connection) -> None:
    echo = Prepared(
        "echo", "SELECT t, n, encode(b, 'hex') FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS u (t, n, b)"
    )
    numbers = [*range(-1, len(NASTY) - 2), None]
    raw = [bytes([number, 0, 255 - number]) for number in range(len(NASTY))]

    for _ in range(2):
        rows = echo.rows(own, [array(NASTY), array(numbers), array([hexed(one) for one in raw])])

        assert [None if row[0] is None else row[0].decode() for row in rows] == NASTY
        assert [None if row[1] is None else int(row[1]) for row in rows] == numbers
        assert [bytes.fromhex((row[2] or b"").decode()) for row in rows] == raw


def test_errors_are_those_of_psycopg(own: Connection) -> None:
    divide = Prepared("divide", "SELECT 1 / $1::int")
    with pytest.raises(psycopg.DataError, match="NUL"):
        divide.rows(own, ["1\0"])
    with pytest.raises(psycopg.errors.DivisionByZero):
        divide.rows(own, ["0"])
    with pytest.raises(psycopg.errors.UndefinedTable):
        Prepared("nowhere", "SELECT FROM nowhere").rows(own, [])
    assert divide.rows(own, ["1"]) == [(b"1",)]

    with psycopg.connect(**jobs.connection_parameters(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [own.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        divide.rows(own, ["1"])
    assert own.closed
