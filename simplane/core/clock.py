"""The one clock. Outside production a setting freezes or shifts it; nothing else calls `datetime.now`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings


def now() -> datetime:
    """The present moment, aware, in UTC."""
    env = settings.SIMPLANE
    frozen: datetime | None = env.clock_freeze
    if frozen is not None:
        return frozen.astimezone(UTC) if frozen.tzinfo else frozen.replace(tzinfo=UTC)
    moment = real()
    shift: int = env.clock_shift_seconds
    return moment + timedelta(seconds=shift) if shift else moment


def real() -> datetime:
    """The machine's own time, never frozen or shifted: for comparing clocks, and for parties who live by it."""
    return datetime.now(UTC)


def real_time_of(moment: datetime) -> datetime:
    """When `moment` of this clock comes by the machine's own time (the queue and its workers live by that)."""
    return real() + (moment - now())


def parse_time(text: str) -> datetime:
    """An ISO 8601 moment as aware UTC; fractions beyond microseconds are cut (Shopify and eSIM Go send nanoseconds).

    Also accepts `+0000` without a colon (eSIM Access). A time without zone counts as UTC. Raises ValueError.
    """
    cut = _cut_fraction(text.strip())
    moment = datetime.fromisoformat(cut)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cut_fraction(text: str) -> str:
    head, dot, rest = text.partition(".")
    if not dot:
        return text
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}.{rest[: min(digits, 6)]:0<6}{rest[digits:]}"
