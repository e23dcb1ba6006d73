"""The verdict of a chaos run is only worth something if it finds what it looks for: each kind of harm, made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simplane.ops.chaos_verdict import Attempt, Esim, Facts, SoldLine, UnitHere, Verdict, judge

LINE = SoldLine(order="7001", name="#1001", line="71", quantity=2, current=2, fulfilled=2)


def unit(pk: int, **given: Any) -> UnitHere:
    made = UnitHere(pk=pk, order="7001", line="71", state="delivered", trouble=[], mails=[f"<u{pk}@simplane>"])
    return replace(made, **given)


def attempt(unit_id: int, **given: Any) -> Attempt:
    made = Attempt(
        unit_id=unit_id, supplier="esimgo", order_id=f"go-{unit_id}", reference=f"unt-{unit_id}-1", state="bought"
    )
    return replace(made, **given)


def esim(order_id: str, **given: Any) -> Esim:
    return replace(Esim(supplier="esimgo", order_id=order_id, reference="", given_back=False), **given)


def facts(**given: Any) -> Facts:
    """Two units of one line, each bought once, mailed, and told to the shop."""
    whole = Facts(
        sold=[LINE],
        esims=[esim("go-1"), esim("go-2")],
        attempts=[attempt(1), attempt(2)],
        units=[unit(1), unit(2)],
        known={},
        mails={"<u1@simplane>": 1, "<u2@simplane>": 1},
    )
    return replace(whole, **given)


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.paid, verdict.bought, verdict.delivered, verdict.named


def test_books_that_agree_are_ok() -> None:
    verdict = judge(facts())

    assert (verdict.ok, counts(verdict), verdict.wrong) == (True, (2, 2, 2, 0), [])


def test_a_unit_that_never_came_here_is_lost() -> None:
    verdict = judge(facts(units=[unit(1)], esims=[esim("go-1")], attempts=[attempt(1)]))

    assert (verdict.ok, verdict.lost) == (False, 1)
    assert verdict.wrong == ["#1001 line 71: 1 units paid at the shop are not here"]


def test_a_delivered_unit_without_a_mail_in_the_catcher_is_lost() -> None:
    verdict = judge(facts(mails={"<u1@simplane>": 1}))

    assert (verdict.ok, verdict.lost, verdict.delivered) == (False, 1, 1)


def test_a_delivered_unit_whose_esim_no_supplier_knows_is_lost() -> None:
    verdict = judge(facts(esims=[esim("go-1")]))

    assert (verdict.ok, verdict.lost, verdict.bought) == (False, 1, 1)


def test_a_unit_still_under_way_at_the_end_is_lost() -> None:
    verdict = judge(facts(units=[unit(1), unit(2, state="waiting")], esims=[esim("go-1")], attempts=[attempt(1)]))

    assert (verdict.ok, verdict.lost) == (False, 1)


def test_two_esims_for_one_unit_are_a_double_purchase() -> None:
    again = attempt(1, order_id="go-9", reference="unt-1-2")
    verdict = judge(facts(esims=[esim("go-1"), esim("go-2"), esim("go-9")], attempts=[attempt(1), attempt(2), again]))

    assert (verdict.ok, verdict.double_purchases) == (False, 1)
    assert "unit 1 has 2 eSIMs in the suppliers' books" in verdict.wrong


def test_an_esim_that_no_purchase_here_owns_is_a_double_purchase() -> None:
    verdict = judge(facts(esims=[esim("go-1"), esim("go-2"), esim("go-77")]))

    assert (verdict.ok, verdict.double_purchases) == (False, 1)
    assert verdict.wrong == ["eSIM of esimgo order go-77 belongs to no purchase here"]


def test_an_esim_that_was_given_back_is_none() -> None:
    refused = attempt(1, order_id="go-9", reference="unt-1-0", state="rejected")
    given_back = esim("go-9", given_back=True)
    verdict = judge(facts(esims=[given_back, esim("go-1"), esim("go-2")], attempts=[refused, attempt(1), attempt(2)]))

    assert (verdict.ok, counts(verdict)) == (True, (2, 2, 2, 0))


def test_a_purchase_we_call_rejected_that_was_made_is_wrong() -> None:
    verdict = judge(facts(attempts=[attempt(1), attempt(2, state="rejected")]))

    assert not verdict.ok
    assert verdict.wrong == ["purchase unt-2-1 is rejected here, and bought at esimgo"]


def test_a_supplier_that_keeps_our_reference_is_matched_by_it() -> None:
    by_key = esim("B26-1", supplier="esimaccess", reference="unt-2-1")
    ours = attempt(2, supplier="esimaccess", order_id="")
    verdict = judge(facts(esims=[esim("go-1"), by_key], attempts=[attempt(1), ours]))

    assert (verdict.ok, verdict.bought) == (True, 2)


def test_an_unknown_purchase_at_the_end_is_wrong() -> None:
    verdict = judge(facts(attempts=[attempt(1), attempt(2), attempt(3, state="unknown")]))

    assert (verdict.ok, verdict.unknown_open) == (False, 1)


def test_cancelled_and_dead_units_are_named_exceptions() -> None:
    units = [unit(1, state="cancelled", mails=[]), unit(2, state="dead", trouble=["no_offer"], mails=[])]
    verdict = judge(facts(units=units, esims=[], attempts=[], mails={}, sold=[replace(LINE, fulfilled=0)]))

    assert (verdict.ok, counts(verdict)) == (True, (2, 0, 0, 2))
    assert [one["why"] for one in verdict.exceptions] == ["cancelled", "dead letter: no_offer"]


def test_a_dead_unit_without_a_dead_letter_is_lost() -> None:
    verdict = judge(
        facts(units=[unit(1), unit(2, state="dead", mails=[])], esims=[esim("go-1")], attempts=[attempt(1)])
    )

    assert (verdict.ok, verdict.lost) == (False, 1)


def test_an_esim_kept_by_a_refunded_unit_balances_the_purchases() -> None:
    verdict = judge(facts(units=[unit(1), unit(2, state="refunded")]))

    assert (verdict.ok, counts(verdict), verdict.kept) == (True, (2, 2, 1, 1), 1)


def test_units_taken_back_before_they_were_made_are_named() -> None:
    verdict = judge(facts(sold=[replace(LINE, quantity=3, current=2)]))

    assert (verdict.ok, counts(verdict)) == (True, (3, 2, 2, 1))


def test_a_line_that_waits_for_its_mapping_is_named() -> None:
    unknown = replace(LINE, line="72", quantity=1, current=1, fulfilled=0)
    verdict = judge(facts(sold=[LINE, unknown], known={("7001", "72"): "dead letter: sku_unknown"}))

    assert (verdict.ok, counts(verdict)) == (True, (3, 2, 2, 1))


def test_more_units_than_were_sold_are_wrong() -> None:
    more = facts(units=[unit(1), unit(2), unit(3)], attempts=[attempt(1), attempt(2), attempt(3)])
    verdict = judge(replace(more, esims=[*more.esims, esim("go-3")], mails={**more.mails, "<u3@simplane>": 1}))

    assert not verdict.ok
    assert "#1001 line 71: 3 units for 2 sold" in verdict.wrong


def test_a_unit_of_no_paid_order_is_wrong() -> None:
    verdict = judge(facts(sold=[]))

    assert not verdict.ok
    assert verdict.wrong[0] == "unit 1 of order 7001: no paid line at the shop owes it"


def test_a_delivered_unit_the_shop_was_not_told_of_is_wrong() -> None:
    verdict = judge(facts(sold=[replace(LINE, fulfilled=1)]))

    assert (verdict.ok, verdict.shop_unfulfilled) == (False, 1)


def test_a_second_mail_is_counted_and_no_harm() -> None:
    verdict = judge(facts(mails={"<u1@simplane>": 2, "<u2@simplane>": 1}))

    assert (verdict.ok, verdict.duplicate_mails) == (True, 1)
