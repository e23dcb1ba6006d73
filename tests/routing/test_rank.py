"""The ranking: what wins, what never wins, and that every loser is told why."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplane.routing.rank import MILLION, chance, delay_ms, rank
from simplane.routing.values import Candidate, Facts, RuleFact


def candidate(offer_id: int = 1, **given: Any) -> Candidate:
    """A sound offer that costs 3.00 EUR, at a supplier of its own nobody has tried."""
    fields: dict[str, Any] = {
        "offer_id": offer_id,
        "code": f"offer-{offer_id}",
        "supplier_id": offer_id,
        "supplier": f"supplier-{offer_id}",
        "group": f"group-{offer_id}",
        "match": "approved",
        "reviewed": True,
        "offer_state": "active",
        "offer_note": "",
        "supplier_active": True,
        "paused": "",
        "stand_in": False,
        "lacks": (),
        "cost": "3.00 EUR",
        "cost_minor": 300,
        "handling_minor": 0,
        "float_covers": None,
        "healthy": True,
        "ok": 0,
        "bad": 0,
        "supplier_ok": 0,
        "supplier_bad": 0,
        "median_ms": None,
    }
    return Candidate(**fields | given)


def facts(*candidates: Candidate, **given: Any) -> Facts:
    """A sale of 9.00 EUR."""
    fields: dict[str, Any] = {
        "sku": "ES-1GB",
        "price_minor": 900,
        "currency": "EUR",
        "worth_minor": 900,
        "min_margin_minor": 0,
        "refused_offers": (),
        "refused_groups": (),
        "stand_ins_only": False,
        "stand_ins_allowed": True,
        "not_approved": 0,
        "rules": (),
        "candidates": candidates,
    }
    return Facts(**fields | given)


def rule(kind: Any, **given: Any) -> RuleFact:
    fields: dict[str, Any] = {
        "rule_id": 7,
        "supplier_id": None,
        "offer_id": None,
        "amount_minor": 0,
        "reason": "said so",
    }
    return RuleFact(kind=kind, **fields | given)


def winner(found: Facts) -> int | None:
    chosen = rank(found).chosen
    return chosen.offer_id if chosen else None


def test_the_cheaper_of_two_equal_offers_wins() -> None:
    assert winner(facts(candidate(1, cost_minor=310), candidate(2, cost_minor=300))) == 2


def test_a_reliable_supplier_beats_a_slightly_cheaper_one_that_fails() -> None:
    shaky = candidate(1, cost_minor=290, supplier_ok=700, supplier_bad=300)
    sound = candidate(2, cost_minor=300, supplier_ok=1000)

    assert winner(facts(shaky, sound)) == 2


def test_two_lucky_purchases_do_not_beat_a_long_good_record() -> None:
    lucky = candidate(1, supplier_ok=2)
    proven = candidate(2, supplier_ok=1990, supplier_bad=10)

    assert winner(facts(lucky, proven)) == 2


def test_a_slow_supplier_loses_to_an_equal_fast_one() -> None:
    slow = candidate(1, supplier_ok=500, median_ms=60_000)
    fast = candidate(2, supplier_ok=500, median_ms=2_000)

    verdict = rank(facts(slow, fast)).verdicts[1]
    assert winner(facts(slow, fast)) == 2
    assert verdict.reasons == ("worth 0.10 EUR less than the chosen one, mainly because it takes longer",)


def test_handling_counts_as_cost() -> None:
    assert winner(facts(candidate(1, cost_minor=290, handling_minor=20), candidate(2, cost_minor=300))) == 2


def test_a_rate_is_shrunk_towards_the_prior_where_data_is_thin() -> None:
    assert chance(candidate()) == 960_000
    assert chance(candidate(supplier_ok=0, supplier_bad=1)) == 923_076
    assert chance(candidate(supplier_ok=100_000)) > 999_000


def test_an_offers_rate_is_shrunk_towards_its_suppliers() -> None:
    supplier = {"supplier_ok": 10_000, "supplier_bad": 0}

    assert chance(candidate(**supplier)) > 999_000
    assert chance(candidate(ok=0, bad=20, **supplier)) == pytest.approx(MILLION / 2, rel=0.001)


def test_a_median_of_few_purchases_is_shrunk_towards_the_usual() -> None:
    assert delay_ms(candidate()) == 8_000
    assert delay_ms(candidate(supplier_ok=10, median_ms=2_000)) == 5_000
    assert delay_ms(candidate(supplier_ok=1990, median_ms=2_000)) == 2_030


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"match": "proposed"}, "match is proposed, not approved"),
        ({"reviewed": False}, "the offer's content changed since its match was reviewed"),
        (
            {"offer_state": "review", "offer_note": "price rose by 10.0 %"},
            "offer waits for review: price rose by 10.0 %",
        ),
        ({"offer_state": "vanished"}, "offer is no longer in the supplier's catalogue"),
        ({"supplier_active": False}, "supplier is switched off"),
        ({"paused": "funds: empty"}, "supplier is paused: funds: empty"),
        ({"lacks": ("can not be topped up",)}, "does not keep the promise: can not be topped up"),
        ({"cost_minor": None, "cost": "5.00 USD"}, "no exchange rate leads from USD to EUR"),
        ({"cost_minor": 950}, "leaves -0.50 EUR, the margin floor is 0.00 EUR"),
        ({"float_covers": False}, "our balance at the supplier does not cover 3.00 EUR"),
        ({"healthy": False}, "upstream group group-1 does not answer at present"),
    ],
)
def test_each_hard_filter_names_its_reason(fault: dict[str, Any], reason: str) -> None:
    ranking = rank(facts(candidate(**fault)))

    assert ranking.chosen is None
    assert ranking.verdicts[0].reasons == (reason,)


def test_an_unknown_balance_stops_nothing() -> None:
    assert winner(facts(candidate(float_covers=None))) == 1


def test_a_margin_exactly_at_the_floor_is_enough() -> None:
    assert winner(facts(candidate(cost_minor=700, handling_minor=50), min_margin_minor=150)) == 1
    assert winner(facts(candidate(cost_minor=700, handling_minor=51), min_margin_minor=150)) is None


def test_a_gift_is_bought_without_margin() -> None:
    given_away = facts(candidate(1, cost_minor=310), candidate(2, cost_minor=300), price_minor=0, min_margin_minor=100)

    assert winner(given_away) == 2


def test_a_stand_in_is_refused_where_none_are_allowed() -> None:
    assert winner(facts(candidate(1, stand_in=True), stand_ins_allowed=False)) is None


def test_a_test_order_goes_only_to_a_stand_in() -> None:
    assert winner(facts(candidate(1, cost_minor=1), candidate(2, stand_in=True), stand_ins_only=True)) == 2


def test_the_next_candidate_lies_outside_what_refused_before() -> None:
    same_group = candidate(2, group="group-1", cost_minor=1)

    assert winner(facts(candidate(1), same_group, candidate(3), refused_groups=("group-1",))) == 3
    assert winner(facts(candidate(1), candidate(3, cost_minor=400), refused_offers=(1,))) == 3


def test_a_pinned_offer_is_taken_before_better_ones() -> None:
    found = facts(candidate(1), candidate(2, cost_minor=800), rules=(rule("pin", offer_id=2),))

    ranking = rank(found)
    assert winner(found) == 2
    assert ranking.verdicts[0].reasons[1] == "used before all others by rule 7: said so"
    assert ranking.verdicts[1].reasons == ("expected value 5.69 EUR; another one is pinned",)


def test_a_pin_does_not_help_what_may_not_be_bought() -> None:
    assert winner(facts(candidate(1), candidate(2, paused="asleep"), rules=(rule("pin", offer_id=2),))) == 1


def test_a_preference_adds_its_amount() -> None:
    pair = (candidate(1, cost_minor=300), candidate(2, cost_minor=320))

    assert winner(facts(*pair, rules=(rule("prefer", supplier_id=2, amount_minor=19),))) == 1
    assert winner(facts(*pair, rules=(rule("prefer", supplier_id=2, amount_minor=20),))) == 2


def test_only_passing_reasons_make_a_refusal_temporary() -> None:
    passing = candidate(1, paused="asleep", float_covers=False)
    lasting = candidate(2, paused="asleep", offer_state="vanished")

    assert rank(facts(passing, lasting)).temporary is True
    assert rank(facts(lasting)).temporary is False
    assert rank(facts(passing, candidate(3))).temporary is False


def test_equal_candidates_are_ordered_by_name() -> None:
    assert winner(facts(candidate(1, supplier="b"), candidate(2, supplier="a"))) == 2


def test_facts_survive_being_stored() -> None:
    found = facts(candidate(1, lacks=("a", "b")), rules=(rule("pin", offer_id=1),), refused_groups=("x",))

    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Facts) == found


faults: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"match": "rejected"},
        {"reviewed": False},
        {"offer_state": "review"},
        {"paused": "asleep"},
        {"healthy": False},
        {"float_covers": False},
        {"cost_minor": None},
        {"supplier_active": False},
    ]
)


@st.composite
def candidates(draw: st.DrawFn, offer_id: int = 1) -> Candidate:
    drawn = candidate(
        offer_id,
        supplier_id=(supplier := draw(st.integers(1, 4))),
        supplier=f"supplier-{supplier}",
        group=f"group-{draw(st.integers(1, 3))}",
        cost_minor=draw(st.integers(1, 1200)),
        handling_minor=draw(st.integers(0, 100)),
        ok=draw(st.integers(0, 50)),
        bad=draw(st.integers(0, 50)),
        supplier_ok=draw(st.integers(0, 2000)),
        supplier_bad=draw(st.integers(0, 2000)),
        median_ms=draw(st.none() | st.integers(0, 100_000)),
        stand_in=draw(st.booleans()),
    )
    return replace(drawn, **draw(faults))


@st.composite
def decisions(draw: st.DrawFn) -> Facts:
    count = draw(st.integers(0, 8))
    kinds = st.sampled_from(["exclude", "pin", "prefer"])
    scopes = st.none() | st.integers(1, 4)
    rules = tuple(
        rule(
            draw(kinds),
            rule_id=n,
            supplier_id=draw(scopes),
            offer_id=draw(scopes),
            amount_minor=draw(st.integers(-500, 500)),
        )
        for n in range(draw(st.integers(0, 3)))
    )
    return facts(
        *[draw(candidates(n)) for n in range(1, count + 1)],
        rules=rules,
        price_minor=draw(st.integers(0, 2000)),
        worth_minor=draw(st.integers(0, 2000)),
        min_margin_minor=draw(st.integers(0, 300)),
        refused_offers=tuple(draw(st.sets(st.integers(1, 8), max_size=2))),
        refused_groups=tuple(draw(st.sets(st.sampled_from(["group-1", "group-2"]), max_size=1))),
        stand_ins_only=draw(st.booleans()),
        stand_ins_allowed=draw(st.booleans()),
    )


@given(decisions())
def test_every_candidate_has_a_verdict_and_a_reason(found: Facts) -> None:
    verdicts = rank(found).verdicts

    assert sorted(one.offer_id for one in verdicts) == [one.offer_id for one in found.candidates]
    assert all(one.reasons and all(one.reasons) for one in verdicts)
    assert [one.verdict for one in verdicts].count("chosen") == (1 if rank(found).chosen else 0)
    assert all((one.value_minor is None) == (one.verdict == "refused") for one in verdicts)


@given(decisions(), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(found: Facts, dice: random.Random) -> None:
    shuffled = list(found.candidates)
    dice.shuffle(shuffled)

    assert rank(replace(found, candidates=tuple(shuffled))) == rank(found)


@given(decisions(), st.integers(1, 500))
def test_adding_a_worse_offer_never_changes_the_winner(found: Facts, dearer: int) -> None:
    chosen = rank(found).chosen
    if chosen is None:
        return
    best = next(one for one in found.candidates if one.offer_id == chosen.offer_id)
    worse = replace(best, offer_id=99, code="zzz", cost_minor=(best.cost_minor or 0) + dearer, bad=best.bad + 1)
    unpinned = tuple(one for one in found.rules if one.offer_id in (None, best.offer_id))
    before = replace(found, rules=unpinned)

    assert winner(replace(before, candidates=(*found.candidates, worse))) == winner(before)


def test_of_a_gift_that_is_worth_nothing_rarely_arriving_is_no_merit() -> None:
    gift = facts(candidate(1), candidate(2, bad=50), price_minor=0, worth_minor=0)

    assert winner(gift) == 1


@given(decisions(), st.integers(1, 8))
def test_an_excluded_offer_never_wins(found: Facts, offer_id: int) -> None:
    banned = replace(found, rules=(*found.rules, rule("exclude", rule_id=50, offer_id=offer_id)))

    assert winner(banned) != offer_id


@given(decisions())
def test_nothing_with_a_fault_ever_wins(found: Facts) -> None:
    chosen = winner(found)
    for one in found.candidates:
        sound = (
            one.match == "approved"
            and one.reviewed
            and one.offer_state == "active"
            and one.supplier_active
            and not one.paused
            and one.healthy
            and one.float_covers is not False
            and one.cost_minor is not None
            and one.offer_id not in found.refused_offers
            and one.group not in found.refused_groups
        )
        assert sound or chosen != one.offer_id
