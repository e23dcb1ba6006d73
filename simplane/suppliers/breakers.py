"""Circuit breakers, one per account and operation of this process: after failures in a row there is a pause.

Our own because pybreaker counts exceptions and lets every waiting coroutine through when it half opens; here outcomes
are values and one call probes.
"""

from __future__ import annotations

import time
from typing import Literal

State = Literal["closed", "half_open", "open"]


class Breaker:
    """Closed until `failures` in a row; open for `reset_seconds`; then half open: one call at a time tries."""

    __slots__ = ("_failures", "_most", "_opened_at", "_probe_until", "_reset")

    def __init__(self, failures: int, reset_seconds: float) -> None:
        self._most = failures
        self._reset = reset_seconds
        self._failures = 0
        self._opened_at: float | None = None
        self._probe_until = 0.0

    @property
    def state(self) -> State:
        """As it stands now."""
        if self._opened_at is None:
            return "closed"
        return "open" if time.monotonic() < self._opened_at + self._reset else "half_open"

    def refuses(self) -> float:
        """Seconds until it is worth asking again; 0.0 when a call may go out now."""
        if self._opened_at is None:
            return 0.0
        now = time.monotonic()
        return max(self._opened_at + self._reset - now, self._probe_until - now, 0.0)

    def begin(self) -> None:
        """A call goes out. In the half-open state it is the probe; a probe that never reports expires."""
        if self._opened_at is not None:
            self._probe_until = time.monotonic() + self._reset

    def succeeded(self) -> None:
        """The supplier answered sensibly (a refusal is sensible)."""
        self._failures, self._opened_at, self._probe_until = 0, None, 0.0

    def failed(self) -> bool:
        """The supplier is at fault (no answer, 5xx, gibberish). True when this opened the breaker."""
        self._failures += 1
        was = self._opened_at
        if was is not None or self._failures >= self._most:
            self._opened_at, self._probe_until = time.monotonic(), 0.0
        return was is None and self._opened_at is not None


_breakers: dict[tuple[str, str], Breaker] = {}


def breaker(account: str, operation: str, *, failures: int, reset_seconds: float) -> Breaker:
    """The breaker of one operation of one account; the first caller's figures stay."""
    key = (account, operation)
    if key not in _breakers:
        _breakers[key] = Breaker(failures, reset_seconds)
    return _breakers[key]


def breaker_states() -> dict[tuple[str, str], State]:
    """Every breaker this process has used, by (account, operation), for the metrics."""
    return {key: one.state for key, one in _breakers.items()}


def forget() -> None:
    """Close all and forget them (a person said so, or a test begins)."""
    _breakers.clear()
