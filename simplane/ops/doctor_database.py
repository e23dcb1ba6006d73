"""The database: version, tables, clock, room for our connections, and the queue's triggers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseProblem
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from simplane.core import clock
from simplane.core.queue_check import loud_triggers
from simplane.ops.doctor_machine import Said

OLDEST = 150_000
LOCAL = ("", "localhost", "127.0.0.1", "::1")
_FACTS = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'),
  current_setting('server_encoding'), current_setting('max_connections')::int, pg_is_in_recovery(),
  current_setting('fsync'), clock_timestamp()
"""
_NARROW, _WIDE = 2.0, 30.0
"""Seconds that two clocks may differ before it is odd, and before leases and signatures break."""


def reachable() -> bool:
    """Whether it answers at all."""
    try:
        connection.ensure_connection()
    except DatabaseProblem:
        return False
    return True


def database() -> Iterator[Said]:
    """Everything about the server, or that there is none."""
    found = connection.settings_dict
    where = f"{found['HOST'] or 'local socket'}:{found['PORT'] or 5432}/{found['NAME']}"
    try:
        connection.ensure_connection()
    except DatabaseProblem as problem:
        said = str(problem).strip().splitlines()[-1] if str(problem).strip() else type(problem).__name__
        yield (
            "fail",
            f"the database {where} can not be reached: {said}",
            "is PostgreSQL running, is DATABASE_URL right?",
        )
        return
    yield "ok", f"the database {where} answers", ""
    yield _encryption(found["HOST"], encrypted=connection.connection.pgconn.ssl_in_use)
    yield from _server()
    yield from _tables()


def _encryption(host: str, *, encrypted: bool) -> Said:
    if encrypted:
        return "ok", "the connection to it is encrypted", ""
    if host in LOCAL or host.startswith("/"):
        return "ok", "the connection to it does not leave this machine", ""
    fix = "add ?sslmode=verify-full&sslrootcert=... to DATABASE_URL"
    return "warn", "the connection to it is not encrypted: orders and secrets can be read on the way", fix


def _server() -> Iterator[Said]:
    with connection.cursor() as cursor:
        before = clock.real()
        cursor.execute(_FACTS)
        row = cursor.fetchone()
        after = clock.real()
    assert row is not None
    number, version, encoding, most, replica, fsync, its_time = row
    yield from _version(number, version, encoding, replica, fsync)
    middle = before + (after - before) / 2
    yield _clock_says((its_time - middle).total_seconds(), settings.TIME_ZONE)
    yield _connections(most, settings.SIMPLANE)


def _version(number: int, version: str, encoding: str, replica: bool, fsync: str) -> Iterator[Said]:
    if number < OLDEST:
        yield "fail", f"PostgreSQL {version} is too old", "use PostgreSQL 15 or newer"
    else:
        yield "ok", f"PostgreSQL {version}", ""
    if encoding != "UTF8":
        yield "fail", f"the database is encoded in {encoding}", "make it anew with encoding UTF8"
    if replica:
        yield "fail", "this is a replica: nothing can be written", "point DATABASE_URL at the primary"
    if fsync != "on":
        yield "warn", "fsync is off: a power cut loses the database", "switch it on for anything real"


def _clock_says(seconds: float, time_zone: str) -> Said:
    text = f"the database's clock differs from this machine's by {abs(seconds):.1f} s (all times are {time_zone})"
    if abs(seconds) > _WIDE:
        return "fail", text, "let both machines follow NTP: leases, tokens and signatures depend on it"
    if abs(seconds) > _NARROW:
        return "warn", text, "let both machines follow NTP"
    return "ok", text, ""


def _connections(most: int, env: Any) -> Said:
    web = env.web_workers * (env.web_threads + 2)
    worker = env.worker_db_threads + 10
    text = f"one web and one worker process may open {web + worker} of {most} connections"
    if web + worker > most - 3:
        return "warn", text, "raise max_connections, or lower SIMPLANE_WEB_THREADS"
    return "ok", text, ""


def _tables() -> Iterator[Said]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        first = f"{missing[0][0].app_label}.{missing[0][0].name}"
        yield "fail", f"{len(missing)} migrations are not applied, the first is {first}", "run `simplane migrate`"
        return
    yield "ok", "all migrations are applied", ""
    loud = loud_triggers()
    if loud:
        fix = "disable them again (docs/adr/0004): ALTER TABLE procrastinate_jobs DISABLE TRIGGER ..."
        yield "fail", f"triggers of the queue are on again: {', '.join(loud)}", fix
    else:
        yield "ok", "the queue's own triggers are off, as they should be", ""


def has_tables() -> bool:
    """Whether the tables of this version are there."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
