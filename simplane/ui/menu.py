"""Menus of the console, the hub and companies: entries in titled groups, shown to whom their pages let in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of a menu. `section` is compared with the page's own to mark it; `key`: `g` and this letter go there."""

    section: str
    label: str
    url_name: str
    icon: str
    key: str
    permission: str = ""
    """What the page asks for; empty: nothing."""


Group = tuple[str, tuple[Entry, ...]]


def shown_to(groups: Sequence[Group], may: Callable[[str], bool]) -> list[Group]:
    """The entries that a person may open, without empty groups."""
    shown = [(title, tuple(one for one in entries if may(one.permission))) for title, entries in groups]
    return [(title, entries) for title, entries in shown if entries]
