"""What anybody can ask for from outside, and what sends mail, has a limit an hour."""

from __future__ import annotations

from simplane.core import ratelimit
from simplane.core.errors import Refusal


class TooMany(Refusal):
    """This was asked for too often."""

    code = "too_many"
    status = 429


def limit(key: str, an_hour: int) -> None:
    """Count one more under this key. Raises TooMany, with how long to wait."""
    wait = -ratelimit.take(key, per_second=an_hour / 3600, burst=an_hour)
    if wait > 0:
        raise TooMany("this was asked for too often", fix=f"wait {int(wait / 60) + 1} minutes, or write to us")
