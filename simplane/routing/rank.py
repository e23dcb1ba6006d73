"""Which offer to buy: hard filters, then expected value in money. Pure: facts in, ranked list out.

All arithmetic is in whole millionths of a minor unit, so that a receipt ranked again gives the same to the last digit.

    value =   p * (worth - cost - handling)      what we keep when it arrives
            - (1 - p) * FAILURE_PERCENT of worth what a failure costs: time, a second purchase, a disappointed buyer
            - DELAY_PPM of worth a second        what waiting for delivery costs
            + what rules add

An offer that loses money loses it for certain (the first `p` is 1): else one that rarely arrives would be the better.
`p` is shrunk where data is thin: a supplier's rate towards PRIOR_OK (as if PRIOR_WEIGHT purchases had shown it), an
offer's rate towards its supplier's. The delay is shrunk towards PRIOR_MS in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

from simplane.core.money import Money
from simplane.routing.filters import applies, why_not
from simplane.routing.values import Candidate, Facts, Ranking, Verdict

VERSION = 2
"""Raise it with every change of what `rank` answers: receipts remember theirs."""
MILLION = 1_000_000
PRIOR_OK = 960_000
"""Millionths: 96 of 100 purchases arrive, before we know anything of a supplier."""
PRIOR_WEIGHT = 25
OFFER_WEIGHT = 20
FAILURE_PERCENT = 15
DELAY_PPM = 200
"""Of the worth, a second: a minute costs 1.2 %."""
PRIOR_MS = 8_000
DELAY_WEIGHT = 10


@dataclass(frozen=True, slots=True)
class _Worth:
    """The parts of an expected value, in millionths of a minor unit, and what they were made from."""

    candidate: Candidate
    money: int
    risk: int
    delay: int
    rules: int
    chance: int
    pinned: bool
    notes: tuple[str, ...]

    @property
    def total(self) -> int:
        return self.money + self.risk + self.delay + self.rules


def rank(facts: Facts) -> Ranking:
    """All candidates with verdict and reasons: the chosen one, then the others by value, then the refused.

    The order of the candidates given has no influence; ties go to the lower cost, then the supplier's code, the
    offer's code, the older offer.
    """
    able: list[_Worth] = []
    refused: list[Verdict] = []
    for one in facts.candidates:
        reasons, temporary = why_not(facts, one)
        if reasons:
            refused.append(_refused(one, reasons, temporary=temporary))
        else:
            able.append(_worth(facts, one))
    able.sort(key=_best_first)
    refused.sort(key=lambda one: (not one.temporary, one.supplier, one.code, one.offer_id))
    ranked = [_placed(facts, worth, able[0], first=place == 0) for place, worth in enumerate(able)]
    return Ranking(verdicts=(*ranked, *refused))


def chance(one: Candidate) -> int:
    """The probability, in millionths, that a purchase arrives."""
    seen = one.supplier_ok + one.supplier_bad
    supplier = (one.supplier_ok * MILLION + PRIOR_WEIGHT * PRIOR_OK) // (seen + PRIOR_WEIGHT)
    return (one.ok * MILLION + OFFER_WEIGHT * supplier) // (one.ok + one.bad + OFFER_WEIGHT)


def delay_ms(one: Candidate) -> int:
    """Milliseconds until delivery to be expected."""
    if one.median_ms is None:
        return PRIOR_MS
    return (one.median_ms * one.supplier_ok + PRIOR_MS * DELAY_WEIGHT) // (one.supplier_ok + DELAY_WEIGHT)


def _worth(facts: Facts, one: Candidate) -> _Worth:
    assert one.cost_minor is not None
    likely = chance(one)
    prefer, pinned, notes = _by_rules(facts, one)
    kept = facts.worth_minor - one.cost_minor - one.handling_minor
    return _Worth(
        candidate=one,
        money=kept * (likely if kept > 0 else MILLION),
        risk=-(MILLION - likely) * facts.worth_minor * FAILURE_PERCENT // 100,
        delay=-facts.worth_minor * DELAY_PPM * delay_ms(one) // 1000,
        rules=prefer * MILLION,
        chance=likely,
        pinned=pinned,
        notes=notes,
    )


def _by_rules(facts: Facts, one: Candidate) -> tuple[int, bool, tuple[str, ...]]:
    amount, pinned, notes = 0, False, []
    for rule in facts.rules:
        if rule.kind == "exclude" or not applies(rule.supplier_id, rule.offer_id, one):
            continue
        if rule.kind == "pin":
            pinned = True
            notes.append(f"used before all others by rule {rule.rule_id}: {rule.reason}")
        else:
            amount += rule.amount_minor
            notes.append(f"{Money(rule.amount_minor, facts.currency)} added by rule {rule.rule_id}: {rule.reason}")
    return amount, pinned, tuple(notes)


def _best_first(worth: _Worth) -> tuple[bool, int, int, str, str, int]:
    one = worth.candidate
    return (not worth.pinned, -worth.total, one.cost_minor or 0, one.supplier, one.code, one.offer_id)


def _refused(one: Candidate, reasons: list[str], *, temporary: bool) -> Verdict:
    return Verdict(
        offer_id=one.offer_id,
        supplier=one.supplier,
        code=one.code,
        value_minor=None,
        verdict="refused",
        reasons=tuple(reasons),
        temporary=temporary,
    )


def _placed(facts: Facts, worth: _Worth, best: _Worth, *, first: bool) -> Verdict:
    one = worth.candidate
    return Verdict(
        offer_id=one.offer_id,
        supplier=one.supplier,
        code=one.code,
        value_minor=_minor(worth.total),
        verdict="chosen" if first else "ranked",
        reasons=(_described(facts, worth) if first else _behind(facts, worth, best), *worth.notes),
    )


def _described(facts: Facts, worth: _Worth) -> str:
    one = worth.candidate
    return (
        f"expected value {Money(_minor(worth.total), facts.currency)}: costs {one.cost}, "
        f"arrives in {worth.chance // 1000 / 10:.1f} % of cases, after about {delay_ms(one) / 1000:.0f} s"
    )


def _behind(facts: Facts, worth: _Worth, best: _Worth) -> str:
    """By how much it lost, and the part that made most of the difference."""
    if best.pinned and not worth.pinned:
        return f"expected value {Money(_minor(worth.total), facts.currency)}; another one is pinned"
    dearer = best.chance * (_cost(worth.candidate) - _cost(best.candidate))
    parts = {
        "it costs more": dearer,
        "it fails more often": best.money - worth.money - dearer + best.risk - worth.risk,
        "it takes longer": best.delay - worth.delay,
        "of the rules": best.rules - worth.rules,
    }
    if best.total == worth.total:
        return "worth the same; the lower cost, then the name decides"
    behind = Money(_minor(best.total) - _minor(worth.total), facts.currency)
    return f"worth {behind} less than the chosen one, mainly because {max(parts, key=lambda name: parts[name])}"


def _cost(one: Candidate) -> int:
    return (one.cost_minor or 0) + one.handling_minor


def _minor(millionths: int) -> int:
    return (millionths + MILLION // 2) // MILLION
