"""Causes of dead letters with their words, as the pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simplane.console.figures import StuckCause
from simplane.core import deadletters
from simplane.core.deadletters import Cause


@dataclass(frozen=True, slots=True)
class DescribedCause:
    """A group of the stuck queue and what its cause means."""

    group: StuckCause
    words: Cause


def described(groups: Iterable[StuckCause]) -> list[DescribedCause]:
    """Each group with the words of its cause."""
    return [DescribedCause(group, deadletters.cause(group.cause)) for group in groups]
