"""What the ranking is given and what it answers. Plain values: they are stored in receipts and ranked again later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One offer that may serve a product, with its supplier, as both are now. Money in minor units."""

    offer_id: int
    code: str
    supplier_id: int
    supplier: str
    group: str
    """Suppliers that fail together."""
    match: str
    """approved | proposed | rejected"""
    reviewed: bool
    """The offer's content is the one that was reviewed."""
    offer_state: str
    offer_note: str
    """Why it waits for review."""
    supplier_active: bool
    paused: str
    """Why the supplier takes no orders now; empty: it does."""
    stand_in: bool
    lacks: tuple[str, ...]
    """What the product promises and this offer, or its supplier, does not give."""
    cost: str
    """As the supplier charges it: `1.36 USD`."""
    cost_minor: int | None
    """In the price's currency, rounded up; None: no exchange rate leads there."""
    handling_minor: int
    """What one order there costs us in work, in the price's currency."""
    float_covers: bool | None
    """None: the balance there is not known."""
    healthy: bool
    """Its upstream group answers."""
    ok: int
    """Purchases of this offer that arrived, of the recent ones."""
    bad: int
    """Those that were refused or stayed unknown."""
    supplier_ok: int
    supplier_bad: int
    median_ms: int | None
    """Half of the supplier's recent purchases arrived within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFact:
    """A person's rule in force for the product. Without supplier and offer it is for all."""

    rule_id: int
    kind: Literal["exclude", "pin", "prefer"]
    supplier_id: int | None
    offer_id: int | None
    amount_minor: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything one decision rests on."""

    sku: str
    price_minor: int
    currency: str
    worth_minor: int
    """What success is worth: the price, or the list price of something given away."""
    min_margin_minor: int
    refused_offers: tuple[int, ...]
    """Offers that surely refused this unit before."""
    refused_groups: tuple[str, ...]
    stand_ins_only: bool
    stand_ins_allowed: bool
    not_approved: int
    """Matches of the product that are not among the candidates because nobody approved them."""
    rules: tuple[RuleFact, ...]
    candidates: tuple[Candidate, ...]
    only_supplier: int | None = None
    """The supplier of the eSIM that is filled; None: any may serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one candidate and why."""

    offer_id: int
    supplier: str
    code: str
    value_minor: int | None
    """Expected value in the price's currency; None for what was filtered out."""
    verdict: Literal["chosen", "ranked", "refused"]
    reasons: tuple[str, ...]
    temporary: bool = False
    """Refused, and only for what may pass by itself or soon (pause, float, health)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """All verdicts, the best first, the refused last."""

    verdicts: tuple[Verdict, ...]

    @property
    def chosen(self) -> Verdict | None:
        """The winner, if anything may be bought."""
        return self.verdicts[0] if self.verdicts and self.verdicts[0].verdict == "chosen" else None

    @property
    def temporary(self) -> bool:
        """Nothing may be bought now, but at least one candidate only for reasons that may pass."""
        return self.chosen is None and any(one.temporary for one in self.verdicts)
