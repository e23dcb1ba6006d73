"""A fixed-window request counter."""

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """What one request found. `resets_at` is epoch seconds of real time."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: float
    cost: int


class FixedWindow:
    """At most `limit` cost units per `seconds` and key. Real time: throttling protects the machine, not the story."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._used: dict[str, tuple[int, int]] = {}

    def take(self, key: str, limit: int, cost: int = 1) -> Window:
        """Count one request; a refused one uses nothing up. A request never costs more than the whole window."""
        number = math.floor(time.time() / self._seconds)
        seen, used = self._used.get(key, (number, 0))
        used = used if seen == number else 0
        cost = min(cost, limit)
        allowed = used + cost <= limit
        used += cost if allowed else 0
        self._used[key] = (number, used)
        return Window(allowed, limit, limit - used, (number + 1) * self._seconds, cost)
