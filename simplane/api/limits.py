"""The rate of an API key, and what the answer's headers say of it (draft-ietf-httpapi-ratelimit-headers-10).

A key may make a tenth of a minute's calls at once and then goes on evenly. `ordering/migrations/0002` counts POST
/api/v1/orders in the same statement that places the order; everybody else calls `take`. Both move the same row, so the
limit is exact, whatever comes at the same time in whatever process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db import connection

from simplane.organizations.models import ApiKey

WINDOW_SECONDS = 6
"""A tenth of a minute: so long until a spent allowance is whole again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands after a call. `lead`: seconds by which it is ahead of its rate; 0.0 when it has rested."""

    per_minute: int
    lead: float

    @property
    def burst(self) -> int:
        """Calls at once."""
        return max(1, self.per_minute // 10)

    @property
    def left(self) -> int:
        """Calls that would be taken now."""
        return max(0, math.floor(self.burst - self.lead * self.per_minute / 60 + 1e-6))

    @property
    def retry_after(self) -> int:
        """Whole seconds until one more is taken."""
        return max(0, math.ceil(self.lead - (self.burst - 1) * 60 / self.per_minute - 1e-6))


def headers(standing: Standing) -> list[tuple[str, str]]:
    """RateLimit-Policy and RateLimit."""
    window = max(WINDOW_SECONDS, math.ceil(60 / standing.per_minute))
    return [
        ("RateLimit-Policy", f'"key";q={standing.burst};w={window}'),
        ("RateLimit", f'"key";r={standing.left};t={math.ceil(standing.lead)}'),
    ]


def take(key: ApiKey) -> tuple[bool, Standing]:
    """Count one call of a key (of a token: of the key it was got with). False: too many, come back in `retry_after`."""
    counted = key.parent or key
    with connection.cursor() as cursor:
        cursor.execute("SELECT taken, lead FROM simplane_take_calls(%s, %s)", [counted.pk, counted.rate_per_minute])
        row = cursor.fetchone()
    assert row is not None
    return row[0] == 1, Standing(counted.rate_per_minute, float(row[1]))
