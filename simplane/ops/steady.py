"""A new database server brought to where one is that has run for a while.

A server reuses the files of its log. A new one has none to reuse: every 16 MB it makes one, and all commits wait for it
(60 ms where this was measured, more than once a second under load).
"""

from __future__ import annotations

import psycopg

MOST = 160
"""Log files of 16 MB; before as many are written again, the server's own checkpoint has freed some."""


def make_steady(database_url: str, files: int) -> None:
    """Write that many log files (MOST at most), then let the server keep them for use. Each takes some 40 ms."""
    wanted = min(files, MOST)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET min_wal_size = '{wanted * 16}MB'")
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(wanted):
            connection.execute("SELECT pg_logical_emit_message(false, 'steady', '')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")
