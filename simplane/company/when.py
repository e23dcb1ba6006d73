"""Days as pages send them: of this century, so that a day before or behind one is a day too."""

from __future__ import annotations

from datetime import date

from simplane.core.errors import BadInput

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)


def day_of(typed: str) -> date | None:
    """A day of a date field; None for an empty one. Raises BadInput."""
    if not typed.strip():
        return None
    found = asked_day(typed)
    if found is None:
        raise BadInput("this is no day", fix="write it as 2026-12-31")
    return found


def asked_day(text: str) -> date | None:
    """`2026-11-20` of an address; None of anything else."""
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return found if FIRST <= found <= LAST else None
