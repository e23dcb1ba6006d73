"""The verdict of a chaos run: what the shop's, the suppliers' and the mail catcher's own books say against ours. Pure.

paid = delivered + named exceptions, unit by unit; every eSIM in a supplier's books that was not given back belongs to
one unit, and no unit has two; nothing is left unknown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENDED_OTHERWISE = ("cancelled", "refunded", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldLine:
    """One line of a paid order in the shop's books that is an eSIM."""

    order: str
    name: str
    line: str
    quantity: int
    current: int
    """After removals and refunds."""
    fulfilled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Esim:
    """One eSIM in a supplier's books. `reference`: our key, where the supplier keeps it."""

    supplier: str
    order_id: str
    reference: str
    given_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One purchase of ours."""

    unit_id: int
    supplier: str
    order_id: str
    reference: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHere:
    """One unit of ours. `trouble`: causes of its open dead letters (its mail's included); `mails`: its Message-IDs."""

    pk: int
    order: str
    line: str
    state: str
    trouble: Sequence[str]
    mails: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All books, side by side. `known`: what our orders say of lines without units, by (order, line)."""

    sold: Sequence[SoldLine]
    esims: Sequence[Esim]
    attempts: Sequence[Attempt]
    units: Sequence[UnitHere]
    known: Mapping[tuple[str, str], str]
    mails: Mapping[str, int]
    """Mails in the catcher by Message-ID."""


@dataclass(slots=True)
class Verdict:
    """`wrong`: a line for each thing that must not be, with its ids."""

    paid: int = 0
    bought: int = 0
    delivered: int = 0
    kept: int = 0
    """eSIMs of named exceptions that no supplier took back."""
    lost: int = 0
    double_purchases: int = 0
    unknown_open: int = 0
    duplicate_mails: int = 0
    shop_unfulfilled: int = 0
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the run proves what it must."""
        balanced = self.paid == self.delivered + self.named and self.bought == self.delivered + self.kept
        return balanced and not self.wrong

    @property
    def named(self) -> int:
        """Units that were not delivered, and why is known."""
        return sum(int(one["units"]) for one in self.exceptions)


def judge(facts: Facts) -> Verdict:
    """Compare."""
    verdict = Verdict()
    owned = _owners(facts, verdict)
    by_line: defaultdict[tuple[str, str], list[UnitHere]] = defaultdict(list)
    for unit in facts.units:
        by_line[unit.order, unit.line].append(unit)
    for line in facts.sold:
        _line(line, by_line.pop((line.order, line.line), []), facts, owned, verdict)
    for units in by_line.values():
        verdict.wrong += [f"unit {unit.pk} of order {unit.order}: no paid line at the shop owes it" for unit in units]
    unsettled = [one for one in facts.attempts if one.state in ("requested", "pending", "unknown")]
    verdict.unknown_open = len(unsettled)
    verdict.wrong += [f"purchase {one.reference} of unit {one.unit_id} is still {one.state}" for one in unsettled]
    verdict.duplicate_mails = sum(count - 1 for count in facts.mails.values())
    return verdict


def _owners(facts: Facts, verdict: Verdict) -> Counter[int]:
    """How many eSIMs that were not given back each unit has; those of nobody are purchases we know nothing of."""
    by_order = {(one.supplier, one.order_id): one for one in facts.attempts if one.order_id}
    by_reference = {one.reference: one for one in facts.attempts}
    owned: Counter[int] = Counter()
    for esim in facts.esims:
        if esim.given_back:
            continue
        verdict.bought += 1
        owner = by_reference.get(esim.reference) or by_order.get((esim.supplier, esim.order_id))
        if owner is None:
            verdict.double_purchases += 1
            verdict.wrong.append(f"eSIM of {esim.supplier} order {esim.order_id} belongs to no purchase here")
            continue
        if owner.state == "rejected":
            verdict.wrong.append(f"purchase {owner.reference} is rejected here, and bought at {esim.supplier}")
        owned[owner.unit_id] += 1
    for unit_id, count in owned.items():
        if count > 1:
            verdict.double_purchases += count - 1
            verdict.wrong.append(f"unit {unit_id} has {count} eSIMs in the suppliers' books")
    return owned


def _line(line: SoldLine, units: list[UnitHere], facts: Facts, owned: Counter[int], verdict: Verdict) -> None:
    verdict.paid += line.quantity
    if len(units) > line.quantity:
        verdict.wrong.append(f"{line.name} line {line.line}: {len(units)} units for {line.quantity} sold")
    delivered = 0
    for unit in units:
        mailed = any(facts.mails.get(one) for one in unit.mails)
        if unit.state == "delivered" and mailed and owned[unit.pk]:
            delivered += 1
        elif reason := _exception(unit):
            verdict.exceptions.append({"order": line.name, "unit": unit.pk, "units": 1, "why": reason})
            verdict.kept += owned[unit.pk]
        else:
            verdict.lost += 1
            verdict.wrong.append(
                f"{line.name}: unit {unit.pk} is {unit.state}, {'a' if mailed else 'no'} mail in the catcher,"
                f" {owned[unit.pk]} eSIMs in the suppliers' books"
            )
    verdict.delivered += delivered
    if line.fulfilled < min(delivered, line.current):
        verdict.shop_unfulfilled += min(delivered, line.current) - line.fulfilled
        verdict.wrong.append(f"{line.name}: {delivered} delivered, {line.fulfilled} fulfilled at the shop")
    for reason, count in _without_units(line, len(units), facts):
        if reason:
            verdict.exceptions.append({"order": line.name, "unit": None, "units": count, "why": reason})
        else:
            verdict.lost += count
            verdict.wrong.append(f"{line.name} line {line.line}: {count} units paid at the shop are not here")


def _exception(unit: UnitHere) -> str:
    if unit.state in ENDED_OTHERWISE:
        return unit.state
    if unit.state != "delivered" and unit.trouble:
        return f"dead letter: {', '.join(unit.trouble)}"
    return ""


def _without_units(line: SoldLine, units: int, facts: Facts) -> Iterator[tuple[str, int]]:
    """Units sold that were never made here, with the reason; an empty reason is a loss."""
    missing = line.quantity - units
    taken_back = min(max(missing, 0), line.quantity - line.current)
    if taken_back:
        yield "taken back at the shop before anything was done", taken_back
    if missing > taken_back:
        yield facts.known.get((line.order, line.line), ""), missing - taken_back
