"""How this vendor writes money and time."""

from datetime import UTC, datetime, timedelta

NANO = 1_000_000_000


def money(minor: int) -> float | int:
    """Minor units as the decimal number the vendor prints: 136 -> 1.36, 1000 -> 10."""
    whole, rest = divmod(minor, 100)
    return whole if rest == 0 else minor / 100


def money_text(minor: int) -> str:
    """Minor units as text with two places, as in `runningBalance`."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def nano_time(nanoseconds: int) -> str:
    """RFC 3339 with nine places."""
    seconds, rest = divmod(nanoseconds, NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def second_time(timestamp: float) -> str:
    """RFC 3339 without a fraction."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_time(text: str) -> int:
    """RFC 3339 or a bare date to nanoseconds since the epoch; more than six places are cut. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return (aware - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1000
