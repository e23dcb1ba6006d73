"""How rules put figures into words."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core.money import Money
from simplane.ui.templatetags.show import size

MOST_NAMED = 5
data = size
"""`5 GB`."""


def money(minor: int, currency: str) -> str:
    """`€19.00`."""
    return Money(minor, currency).shown()


def some(names: Sequence[str]) -> str:
    """`DE, FR, IT, ES, PT and 7 more`."""
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
