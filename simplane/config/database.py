"""How to reach the database: everything that DATABASE_URL says to libpq, and time limits where it says none."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

SCHEMES = ("postgres://", "postgresql://")
_OWN = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
LIMITS: dict[str, object] = {
    "connect_timeout": 3,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "tcp_user_timeout": 10_000,
}
"""A server that vanishes without a word is noticed in seconds, not in the quarter of an hour that the kernel takes.
Shopify waits five seconds for an answer to a webhook."""

PREPARED: dict[str, object] = {"server_side_binding": True, "prepare_threshold": 2}
"""A statement is planned once a connection, not at every run; that was a quarter of the server's work for an order."""


def is_database(url: str) -> bool:
    """Whether this is an address PostgreSQL's own library understands, options and several hosts included."""
    if not url.startswith(SCHEMES):
        return False
    try:
        said = conninfo_to_dict(url)
    except psycopg.Error:
        return False
    ports = [one for one in str(said.get("port", "")).split(",") if one]
    return all(one.isdigit() and 0 < int(one) < 65_536 for one in ports)


def passwords(url: str) -> list[str]:
    """Every secret in an address, as it is written there and as it is meant."""
    if not is_database(url):
        return []
    said = conninfo_to_dict(url)
    found = [urlsplit(url).password, said.get("password"), said.get("sslpassword")]
    return sorted({str(one) for one in found if one})


def connection(url: str) -> dict[str, Any]:
    """Django's keys for the database at `url`; empty: one on this machine, for commands that need none."""
    said = conninfo_to_dict(url or "postgresql://postgres@127.0.0.1/simplane")
    options = {name: value for name, value in said.items() if name not in _OWN}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{ours: str(said.get(name) or "") for name, ours in _OWN.items()},
        "OPTIONS": {"application_name": "simplane", **LIMITS, **PREPARED, **options},
    }
