"""Django's cache as a table: what login limits and used codes must know in every process and after every restart.

Unlike Django's own table it keeps JSON (whoever can write to it can run nothing), never drops a living entry to make
room, and counts no rows.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from simplane.core import clock

GET = "SELECT value FROM core_cacheentry WHERE key = %s AND (expires_at IS NULL OR expires_at > %s)"
SET = """
INSERT INTO core_cacheentry (key, value, expires_at) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at
"""
ADD = SET + "WHERE core_cacheentry.expires_at <= %s"
TOUCH = "UPDATE core_cacheentry SET expires_at = %s WHERE key = %s AND (expires_at IS NULL OR expires_at > %s)"


class SharedCache(BaseCache):
    """One for all processes; `add` is one statement, so of two at once exactly one succeeds. Values must be JSON."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:  # noqa: ARG002  Django gives both
        super().__init__(params)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(GET, [self.make_key(key, version), clock.now()])
            row = cursor.fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._change(SET, self.make_key(key, version), json.dumps(value), self._end(timeout))

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._change(ADD, self.make_key(key, version), json.dumps(value), self._end(timeout), clock.now())

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._change(TOUCH, self._end(timeout), self.make_key(key, version), clock.now())

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._change("DELETE FROM core_cacheentry WHERE key = %s", self.make_key(key, version))

    def clear(self) -> None:
        self._change("DELETE FROM core_cacheentry")

    def _end(self, timeout: Any) -> datetime | None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else clock.now() + timedelta(seconds=seconds)

    def _change(self, statement: str, *values: str | datetime | None) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return bool(cursor.rowcount)
