"""Why an offer may not be bought for a unit, in words. Pure; each check is one line of `why_not`."""

from __future__ import annotations

from collections.abc import Iterator

from simplane.core.money import Money
from simplane.routing.values import Candidate, Facts


def why_not(facts: Facts, one: Candidate) -> tuple[list[str], bool]:
    """Every reason against a candidate, and whether all of them may pass by themselves. No reason: it may be bought."""
    lasting, passing = list(_lasting(facts, one)), list(_passing(one))
    return lasting + passing, bool(passing) and not lasting


def _lasting(facts: Facts, one: Candidate) -> Iterator[str]:
    if one.match != "approved":
        yield f"match is {one.match}, not approved"
    elif not one.reviewed:
        yield "the offer's content changed since its match was reviewed"
    if one.offer_state == "review":
        yield f"offer waits for review: {one.offer_note or 'no reason noted'}"
    elif one.offer_state != "active":
        yield "offer is no longer in the supplier's catalogue"
    if not one.supplier_active:
        yield "supplier is switched off"
    yield from _not_this_one(facts, one)
    if one.lacks:
        yield f"does not keep the promise: {'; '.join(one.lacks)}"
    if one.offer_id in facts.refused_offers:
        yield "supplier refused this offer for this unit already"
    elif one.group in facts.refused_groups:
        yield f"upstream group {one.group} refused this unit already"
    for rule in facts.rules:
        if rule.kind == "exclude" and applies(rule.supplier_id, rule.offer_id, one):
            yield f"excluded by rule {rule.rule_id}: {rule.reason}"
    yield from _money(facts, one)


def _not_this_one(facts: Facts, one: Candidate) -> Iterator[str]:
    if one.stand_in and not facts.stand_ins_allowed:
        yield "supplier is a stand-in, which this installation does not allow"
    if facts.stand_ins_only and not one.stand_in:
        yield "a test order is never bought at a real supplier"
    if facts.only_supplier not in (None, one.supplier_id):
        yield "only the supplier of the eSIM can add to it"


def _money(facts: Facts, one: Candidate) -> Iterator[str]:
    if one.cost_minor is None:
        yield f"no exchange rate leads from {one.cost.rpartition(' ')[2]} to {facts.currency}"
        return
    margin = facts.price_minor - one.cost_minor - one.handling_minor
    # What is given away on purpose earns nothing; a floor would only stop the gift.
    if facts.price_minor and margin < facts.min_margin_minor:
        floor, left = Money(facts.min_margin_minor, facts.currency), Money(margin, facts.currency)
        yield f"leaves {left}, the margin floor is {floor}"


def _passing(one: Candidate) -> Iterator[str]:
    if one.paused:
        yield f"supplier is paused: {one.paused}"
    if one.float_covers is False:
        yield f"our balance at the supplier does not cover {one.cost}"
    if not one.healthy:
        yield f"upstream group {one.group} does not answer at present"


def applies(supplier_id: int | None, offer_id: int | None, one: Candidate) -> bool:
    """Whether a rule with this scope speaks of the candidate."""
    return supplier_id in (None, one.supplier_id) and offer_id in (None, one.offer_id)
