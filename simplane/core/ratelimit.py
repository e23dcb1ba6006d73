"""A rate limit shared by all processes: GCRA in one SQL function, exact under concurrency."""

from __future__ import annotations

from django.db import connection


def take(key: str, *, per_second: float, burst: int = 1, cost: int = 1, most_wait: float = 0.0) -> float:
    """Take `cost` from the limit `key`. Returns the seconds to wait before acting (0.0: now), the place being reserved.

    When the wait would be longer than `most_wait` seconds nothing is reserved and the negative wait is returned:
    come back after that long.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT simplane_take(%s, %s, %s, %s, %s)", [key, per_second, burst, cost, most_wait])
        row = cursor.fetchone()
    assert row is not None
    return float(row[0])
