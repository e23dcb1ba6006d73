"""Our view of a shop's leaky bucket of query points, so that we rarely meet THROTTLED.

Figures come from `extensions.cost.throttleStatus` of every answer, never from constants:
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

from __future__ import annotations

import time

from simplane.channels.shopify.text import JSON, member

FIRST_GUESS = 100.0
"""Cost of an operation not sent before."""


class Bucket:
    """Points left at one shop as far as this process knows; other processes and apps take from it too."""

    def __init__(self) -> None:
        self._left = float("inf")
        self._most = float("inf")
        self._per_second = 100.0
        self._at = time.monotonic()
        self._flying = 0.0
        self._costs: dict[str, float] = {}

    def wait(self, operation: str) -> float:
        """Seconds until the shop can afford this operation; 0.0: now."""
        missing = self.cost(operation) + self._flying - self._now()
        return max(0.0, missing / self._per_second)

    def cost(self, operation: str) -> float:
        """What the shop asked for this operation last time."""
        return self._costs.get(operation, FIRST_GUESS)

    def begin(self, operation: str) -> float:
        """A call leaves; returns what to give to `end`."""
        reserved = self.cost(operation)
        self._flying += reserved
        return reserved

    def end(self, reserved: float) -> None:
        """Its answer came, or none ever will."""
        self._flying -= reserved

    def learn(self, operation: str, cost: JSON) -> None:
        """Take over what the shop says in `extensions.cost`."""
        status = member(cost, "throttleStatus")
        figures = (status.get("currentlyAvailable"), status.get("maximumAvailable"), status.get("restoreRate"))
        left, most, per_second = (_number(figure) for figure in figures)
        if left is None or most is None or not per_second or most <= 0:
            return
        self._left, self._most, self._per_second, self._at = left, most, per_second, time.monotonic()
        asked = _number(cost.get("requestedQueryCost"))
        if asked is not None:
            self._costs[operation] = asked

    def _now(self) -> float:
        return min(self._most, self._left + (time.monotonic() - self._at) * self._per_second)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return None
    return float(str(value))


def throttled_wait(cost: JSON) -> float:
    """Seconds to wait after THROTTLED: (requestedQueryCost - currentlyAvailable) / restoreRate, at least a moment."""
    status = member(cost, "throttleStatus")
    asked, left, rate = (
        _number(value)
        for value in (cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate"))
    )
    if asked is None or left is None or not rate:
        return 2.0
    return max(0.1, (asked - left) / rate)
