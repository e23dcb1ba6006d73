"""A new database server brought to where one is that has run for a while.

A server reuses the files of its log. A new one has none to reuse: every 16 MB it makes one, and all commits wait for it
(60 ms where this was measured, more than once a second under load).
"""

from __future__ import annotations

import psycopg

SEGMENTS = 128
"""Log files of 16 MB each that are made beforehand and kept for use."""


def make_steady(database_url: str) -> None:
    """Write log files for as much as a bench writes, then let the server keep them. Takes some seconds."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET min_wal_size = '{SEGMENTS * 16}MB'")
        connection.execute("SELECT pg_reload_conf()")
        for _ in range(SEGMENTS):
            connection.execute("SELECT pg_logical_emit_message(false, 'steady', '')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")
