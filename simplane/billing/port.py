"""What billing asks of the packages above it: what a unit was and for whom, and what else a customer owes for.

They register here (`config/wiring.py`); billing imports none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from simplane.billing.values import BillableFact, LineKind
from simplane.organizations.models import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A unit as its customer knows it."""

    what: str
    sku: str = ""
    kind: LineKind = LineKind.PLAN
    person: str = ""
    cost_centre: str = ""


Namer = Callable[[Organization, Sequence[str]], Mapping[str, Named]]
"""Public ids of units of an organization -> their names. Who knows nothing of a unit leaves it out."""
Source = Callable[[Organization, date], Iterable[BillableFact]]
"""All that an organization owed for until the end of a month, billed already or not."""

_namers: list[Namer] = []
_sources: list[Source] = []


def register_namer(namer: Namer) -> None:
    """Later ones know better: what they name replaces what earlier ones did."""
    if namer not in _namers:
        _namers.append(namer)


def register_source(source: Source) -> None:
    """Facts beside those of the ledger, such as usage over a plan. Their keys must be their own for ever."""
    if source not in _sources:
        _sources.append(source)


def names(organization: Organization, units: Sequence[str]) -> dict[str, Named]:
    """What all namers know."""
    found: dict[str, Named] = {}
    for namer in _namers:
        found.update(namer(organization, units))
    return found


def sources() -> Sequence[Source]:
    """Registered sources."""
    return tuple(_sources)
