"""Days as pages send them."""

from __future__ import annotations

from datetime import date

from simplane.core.errors import BadInput


def day_of(typed: str) -> date | None:
    """A day of a date field; None for an empty one. Raises BadInput."""
    try:
        return date.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError:
        raise BadInput("this is no day", fix="write it as 2026-12-31") from None
