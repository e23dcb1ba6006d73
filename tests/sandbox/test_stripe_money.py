"""Refunds, disputes and payouts of the Stripe stand-in, and books in which every cent is accounted for."""

import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_desk import DAY, Caller, calling


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with calling(tmp_path_factory.mktemp("stripe")) as caller:
        yield caller


@pytest.fixture(autouse=True)
def _fresh(desk: Caller) -> None:
    desk.forget()


def last_event(desk: Caller, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.api.v1.events.list({"type": kind, "limit": 1}).data[0].to_dict()
    return found


def test_a_charge_is_refunded_in_two_parts_and_not_a_cent_more(desk: Caller) -> None:
    intent = desk.pay(5000)
    first = desk.api.v1.refunds.create({"payment_intent": intent.id, "amount": 2000, "reason": "requested_by_customer"})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as more:
        desk.api.v1.refunds.create({"payment_intent": intent.id, "amount": 3001})
    second = desk.api.v1.refunds.create({"charge": intent.latest_charge, "metadata": {"reason": "rest"}})
    with pytest.raises(stripe.InvalidRequestError) as again:
        desk.api.v1.refunds.create({"payment_intent": intent.id})

    charge = desk.api.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (first.status, second.amount) == ("succeeded", 3000)
    assert (more.value.param, again.value.code) == ("amount", "charge_already_refunded")
    assert (charge.refunded, charge.amount_refunded) == (True, 5000)
    assert [refund.id for refund in charge.refunds.data] == [second.id, first.id]  # type: ignore[union-attr]
    assert desk.movements(first.id) == [("refund", -2000, 0, -2000)]
    assert last_event(desk, "charge.refunded")["data"]["previous_attributes"] == {
        "amount_refunded": 2000,
        "refunded": False,
    }
    assert desk.event_types()[-4:] == ["charge.refunded", "refund.created"] * 2


def test_a_pending_refund_settles_later_and_a_failed_one_brings_the_money_back(desk: Caller) -> None:
    slow = desk.pay(1000, "pm_card_pendingRefund")
    bad = desk.pay(1000, "pm_card_refundFail")
    pending = desk.api.v1.refunds.create({"payment_intent": slow.id})
    hopeful = desk.api.v1.refunds.create({"payment_intent": bad.id})
    assert (pending.status, hopeful.status) == ("pending", "succeeded")

    desk.advance(11)

    settled, failed = desk.api.v1.refunds.retrieve(pending.id), desk.api.v1.refunds.retrieve(hopeful.id)
    assert settled.status == "succeeded"
    assert (failed.status, failed.failure_reason) == ("failed", "unknown")
    assert desk.movements(hopeful.id) == [("refund", -1000, 0, -1000), ("refund_failure", 1000, 0, 1000)]
    assert last_event(desk, "refund.updated")["data"]["previous_attributes"]["status"] == "pending"
    assert desk.standin.books(summary=True)["refunded_minor"] == {"eur": 1000}


def test_a_refund_made_in_the_dashboard_is_told_by_an_event_alone(desk: Caller) -> None:
    intent = desk.pay(1000)

    made = desk.standin.control("refunds", payment_intent=intent.id, amount=400)["refund"]

    event = last_event(desk, "refund.created")
    assert (event["data"]["object"]["id"], event["request"]["id"]) == (made["id"], None)


@pytest.mark.parametrize(
    ("decision", "evidence", "reporting", "net"),
    [
        ("won", "winning_evidence", ["dispute", "dispute_reversal"], -2000),
        ("lost", "losing_evidence", ["dispute"], -7000),
    ],
)
def test_a_chargeback_takes_money_and_fee_at_once_and_evidence_decides(
    desk: Caller, decision: str, evidence: str, reporting: list[str], net: int
) -> None:
    intent = desk.pay(5000, "pm_card_createDispute")
    dispute = desk.api.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.status, dispute.is_charge_refundable) == ("needs_response", False)
    assert desk.movements(dispute.id) == [("adjustment", -5000, 2000, -7000)]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.api.v1.refunds.create({"payment_intent": intent.id})

    staged = desk.api.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
    ended = desk.api.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}})

    assert refused.value.code == "charge_disputed"
    assert (staged.status, staged.evidence_details.has_evidence) == ("needs_response", True)
    assert (ended.status, ended.evidence_details.submission_count) == (decision, 1)
    assert [entry.reporting_category for entry in ended.balance_transactions] == reporting
    assert sum(entry.net for entry in ended.balance_transactions) == net
    assert last_event(desk, "charge.dispute.closed")["data"]["previous_attributes"] == {"status": "under_review"}
    withdrawn = [kind for kind in desk.event_types() if kind.startswith("charge.dispute.funds")]
    assert withdrawn == ["charge.dispute.funds_withdrawn"] + ["charge.dispute.funds_reinstated"] * (decision == "won")


def test_an_inquiry_moves_no_money_until_it_becomes_a_chargeback(desk: Caller) -> None:
    quiet, loud = desk.pay(1000).id, desk.pay(1000).id
    closing = desk.standin.control("disputes", payment_intent=quiet, inquiry=True)["dispute"]
    growing = desk.standin.control("disputes", payment_intent=loud, inquiry=True)["dispute"]
    assert (closing["status"], closing["is_charge_refundable"]) == ("warning_needs_response", True)
    before = desk.standin.books(summary=True)["balance_minor"]

    desk.standin.control(f"disputes/{closing['id']}", do="warning_closed")
    desk.standin.control(f"disputes/{growing['id']}", do="escalate")

    assert desk.api.v1.disputes.retrieve(closing["id"]).status == "warning_closed"
    assert desk.movements(closing["id"]) == []
    assert desk.api.v1.disputes.retrieve(growing["id"]).status == "needs_response"
    assert desk.standin.books(summary=True)["balance_minor"]["eur"] == before["eur"] - 3000


def test_a_dispute_nobody_answers_is_lost_at_its_deadline(desk: Caller) -> None:
    dispute = desk.standin.control("disputes", payment_intent=desk.pay(1000).id, reason="product_not_received")[
        "dispute"
    ]

    desk.advance(9 * DAY + 1)

    late = desk.api.v1.disputes.retrieve(dispute["id"])
    assert (late.status, late.evidence_details.past_due) == ("lost", True)
    with pytest.raises(stripe.InvalidRequestError):
        desk.api.v1.disputes.update(dispute["id"], {"evidence": {"customer_name": "Ada"}})


def test_a_payout_names_every_movement_in_it_and_waits_for_what_is_not_available(desk: Caller) -> None:
    intent = desk.pay(5000)
    desk.api.v1.refunds.create({"payment_intent": intent.id, "amount": 1000})
    assert desk.standin.control("payouts/run", "POST")["payouts"] == []
    desk.advance(3 * DAY)
    later = desk.pay(700)

    made = desk.standin.control("payouts/run", arrive=True)["payouts"]

    payout = desk.api.v1.payouts.retrieve(made[0]["id"])
    lines = desk.api.v1.balance_transactions.list({"payout": payout.id, "limit": 100}).data
    assert (payout.status, payout.amount, payout.reconciliation_status) == ("paid", 3900, "completed")
    assert sorted((line.type, line.net) for line in lines) == [("charge", 4900), ("payout", -3900), ("refund", -1000)]
    assert later.latest_charge not in {line.source for line in lines}
    balance = desk.api.v1.balance.retrieve()
    assert [(part.amount, part.currency) for part in balance.available] == [(0, "eur")]
    assert [part.amount for part in balance.pending] == [664]
    assert desk.event_types()[-3:] == ["payout.created", "payout.reconciliation_completed", "payout.paid"]


def test_a_failed_payout_comes_back_and_goes_out_with_the_next(desk: Caller) -> None:
    desk.pay(5000)
    first = desk.standin.control("payouts/run", everything=True)["payouts"][0]

    desk.standin.control(f"payouts/{first['id']}", do="fail", failure_code="account_closed")
    second = desk.standin.control("payouts/run", everything=True)["payouts"][0]

    assert desk.api.v1.payouts.retrieve(first["id"]).failure_code == "account_closed"
    assert second["amount"] == first["amount"] == 4900
    lines = desk.api.v1.balance_transactions.list({"payout": second["id"]}).data
    assert [(line.type, line.net) for line in lines] == [("payout", -4900), ("payout_failure", 4900)]


def test_a_payout_by_hand_cannot_exceed_what_is_available(desk: Caller) -> None:
    desk.pay(5000, "pm_card_bypassPending")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.api.v1.payouts.create({"amount": 4901, "currency": "eur"})

    payout = desk.api.v1.payouts.create({"amount": 4900, "currency": "eur"})

    assert refused.value.code == "balance_insufficient"
    assert (payout.automatic, payout.reconciliation_status) == (False, "not_applicable")
    with pytest.raises(stripe.InvalidRequestError, match="only be filtered on automatic"):
        desk.api.v1.balance_transactions.list({"payout": payout.id})


def test_the_books_and_the_balance_transactions_agree_to_the_cent(desk: Caller) -> None:
    desk.pay(5000, metadata={"topup_id": "tu_1"})
    refunded = desk.pay(3000, currency="usd", metadata={"topup_id": "tu_2"})
    desk.pay(2000, "pm_card_createDispute", metadata={"topup_id": "tu_3"})
    desk.pay(5120, currency="kwd")
    desk.api.v1.refunds.create({"payment_intent": refunded.id, "amount": 1111})
    desk.standin.control("payouts/run", everything=True)

    books = desk.standin.books()
    entries = list(desk.api.v1.balance_transactions.list({"limit": 3}).auto_paging_iter())
    sums: dict[str, int] = {}
    for entry in entries:
        assert entry.net == entry.amount - entry.fee == entry.amount - sum(line.amount for line in entry.fee_details)
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.net
    in_books = [line for payout in books["payouts"] for line in payout["movements"]] + books["unpaid"]
    assert sums == books["balance_minor"]
    assert {line["id"] for line in in_books} == {entry.id for entry in entries}
    assert books["charged_minor"] == {"eur": 7000, "usd": 3000, "kwd": 5120}
    assert books["refunded_minor"]["usd"] == 1111
    assert [order["metadata"].get("topup_id") for order in books["orders"]] == ["tu_1", "tu_2", "tu_3", None]
    assert books["orders"][0]["payout"] == books["payouts"][0]["id"]
    assert all(sum(line["net"] for line in payout["movements"]) == 0 for payout in books["payouts"])


METHODS = (
    "pm_card_visa",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_sepa_debit_success",
    "pm_sepa_debit_fail",
    "pm_card_chargeDeclined",
)


def test_after_many_random_deeds_every_sum_still_holds(desk: Caller) -> None:
    dice = random.Random(20261120)
    for _ in range(120):
        with suppress(stripe.StripeError):
            random_deed(desk, dice)
    desk.advance(10 * DAY)

    books = desk.standin.books()
    entries = {entry.id: entry for entry in desk.api.v1.balance_transactions.list({"limit": 100}).auto_paging_iter()}
    assert len(books["orders"]) > 20
    for order in books["orders"]:
        given_back = [part["amount_minor"] for part in order["refunds"] if part["status"] != "failed"]
        assert sum(given_back) == order["refunded_minor"] <= order["charged_minor"]
        for part in order["refunds"]:
            net = sum(line["net"] for line in part["movements"])
            assert net == (0 if part["status"] == "failed" else -part["amount_minor"])
    for payout in books["payouts"]:
        assert sum(line["net"] for line in payout["movements"]) == 0
    assert sum(entry.net for entry in entries.values()) == books["balance_minor"]["eur"]
    assert sum(payout["amount_minor"] for payout in books["payouts"]) == books["paid_out_minor"]["eur"]
    bound = [line["id"] for payout in books["payouts"] for line in payout["movements"]]
    assert sorted([*bound, *(line["id"] for line in books["unpaid"])]) == sorted(entries)


def random_deed(desk: Caller, dice: random.Random) -> None:
    """Pay, refund, dispute, decide, pay out, or let time pass; most refusals are as they should be."""
    choice = dice.random()
    if choice < 0.5:
        desk.pay(dice.randint(100, 9999), dice.choice(METHODS))
    elif choice < 0.8:
        charge = dice.choice(desk.api.v1.charges.list({"limit": 20}).data).id
        desk.api.v1.refunds.create({"charge": charge, "amount": dice.randint(50, 4000)})
    elif choice < 0.9:
        found = desk.api.v1.disputes.list({"limit": 20}).data
        evidence = dice.choice(["winning_evidence", "losing_evidence", "perhaps"])
        if found:
            desk.api.v1.disputes.update(dice.choice(found).id, {"evidence": {"uncategorized_text": evidence}})
    elif choice < 0.95:
        desk.standin.control("payouts/run", "POST")
    else:
        desk.advance(dice.randint(1, 2 * DAY))
