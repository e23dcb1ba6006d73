"""Every movement of a payout stands in our ledger, or is named."""

from __future__ import annotations

import pytest

from simplane.core import clock, deadletters
from simplane.core.db import transaction
from simplane.core.models import DeadLetter
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.errors import KeyReused
from simplane.ledger.models import Ledger
from simplane.ledger.values import AccountRef, Posting
from simplane.payments import actions, catch_up, matching, payouts
from simplane.payments.models import Payout, PayoutLine, StripeAccount
from tests.payments.desk import Desk


def test_a_payout_with_charge_refund_and_dispute_matches_line_by_line(desk: Desk) -> None:
    desk.paid(80_00)
    actions.refund_top_up(desk.organization.pk, desk.paid(50_00).public_id, 50_00, reason="asked")
    failed = desk.paid(30_00, method="pm_card_refundFail")
    actions.refund_top_up(desk.organization.pk, failed.public_id, 30_00, reason="asked")
    desk.standin.control("clock", advance_seconds=11)
    desk.standin.control("disputes", payment_intent=desk.paid(40_00).intent_id, reason="duplicate")
    desk.tell()
    before = desk.booked(Kind.CLEARING)

    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.tell()

    payout = Payout.objects.get()
    assert (payout.status, payout.amount_minor, payout.differences) == ("paid", before, 0)
    assert payout.matched_at is not None
    assert (desk.booked(Kind.BANK), desk.booked(Kind.CLEARING)) == (before, 0)
    assert "payout_difference" not in desk.letters()
    kinds = PayoutLine.objects.order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["adjustment", *["charge"] * 4, "payout", *["refund"] * 2, "refund_failure"]
    assert all(one.net_minor == one.booked_minor for one in PayoutLine.objects.all())
    desk.add_up()


def test_a_movement_that_is_not_in_our_books_is_named_and_the_letter_closes_when_it_is(desk: Desk) -> None:
    row = desk.paid(80_00)
    stranger = desk.api.v1.payment_intents.create(
        {
            "amount": 12_00,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "confirm": True,
        }
    )
    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.tell()

    payout = Payout.objects.get()
    wrong = PayoutLine.objects.exclude(difference="")
    assert [(one.source, one.difference) for one in wrong] == [
        (stranger.latest_charge, "Stripe says 11.57 EUR, our ledger 0.00 EUR")
    ]
    letter = DeadLetter.objects.get(resolved_at__isnull=True)
    assert (letter.cause, letter.money_minor) == ("payout_difference", 11_57)
    assert str(stranger.latest_charge) in letter.summary
    assert (payout.differences, desk.fresh(row).state) == (1, "succeeded")


def test_what_no_event_told_is_looked_up_before_it_is_called_a_difference(desk: Desk) -> None:
    row = desk.paid()
    desk.standin.control("refunds", payment_intent=row.intent_id, amount=10_00)
    desk.news()  # lost
    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.tell()

    assert (Payout.objects.get().differences, desk.wallet()) == (0, 40_00)
    desk.add_up()


def test_a_payout_that_the_bank_sent_back_is_matched_too_and_goes_out_again(desk: Desk) -> None:
    desk.paid()
    made = desk.standin.control("payouts/run", everything=True)
    number = desk.api.v1.payouts.list().data[0].id
    assert made
    desk.standin.control(f"payouts/{number}", do="fail", failure_code="account_closed")
    desk.tell()
    after = (desk.booked(Kind.BANK), desk.booked(Kind.CLEARING))
    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.tell()

    assert after == (0, 49_00)
    states = Payout.objects.order_by("pk").values_list("status", "differences")
    assert list(states) == [("failed", 0), ("paid", 0)]
    assert (desk.booked(Kind.BANK), desk.letters()) == (49_00, [])
    desk.add_up()


def test_a_balance_below_zero_that_stripe_takes_from_our_bank_is_posted_the_other_way_round(desk: Desk) -> None:
    row = desk.paid()
    desk.standin.control("payouts/run", everything=True, arrive=True)
    actions.refund_top_up(desk.organization.pk, row.public_id, 20_00, reason="asked")
    desk.standin.control("payouts/run", everything=True, arrive=True, debit=True)
    desk.tell()
    taken = (Payout.objects.order_by("pk").last(), desk.booked(Kind.BANK), desk.booked(Kind.CLEARING))
    number = desk.api.v1.payouts.list().data[0].id
    desk.standin.control(f"payouts/{number}", do="fail", failure_code="no_account")
    desk.tell()

    assert taken[0] is not None
    assert (taken[0].amount_minor, taken[0].differences, *taken[1:]) == (-20_00, 0, 29_00, 0)
    assert (desk.booked(Kind.BANK), desk.booked(Kind.CLEARING), desk.letters()) == (49_00, -20_00, [])
    desk.add_up()


def test_a_payout_that_can_not_be_taken_in_is_told_and_those_behind_it_are_taken(desk: Desk) -> None:
    for _ in range(2):
        desk.paid()
        desk.standin.control("payouts/run", everything=True, arrive=True)
        desk.news()  # lost
    newest = desk.api.v1.payouts.list().data[0].id
    with transaction():  # our ledger says something else about it
        bank, sales = AccountRef(Kind.BANK, "EUR"), AccountRef(Kind.SALES, "EUR", subject="wholesale")
        post(Fact(kind="payout", key=payouts.payout_key(newest), ledger=Ledger.TEST), [Posting(bank, sales, 1)])

    found = catch_up.catch_up()
    again = catch_up.catch_up()

    assert (found["stripe-test"]["payouts"], again["stripe-test"]["payouts"]) == (2, 1)
    assert newest in again["stripe-test"]["problem"]
    assert [(one.status, one.differences) for one in Payout.objects.exclude(stripe_id=newest)] == [("paid", 0)]
    letter = DeadLetter.objects.get(resolved_at__isnull=True)
    assert (letter.cause, letter.subject_id, letter.action) == ("payout_unread", newest, "payout_read")
    with pytest.raises(KeyReused):
        deadletters.perform(letter.pk, "payout_read")


def test_an_account_that_can_not_be_read_is_told_until_it_can_and_the_next_is_read(desk: Desk) -> None:
    broken = {"key": "a-live", "is_test": False, "is_stand_in": True, "credentials": ["no", "key"]}
    StripeAccount.objects.create(name="Live", api_url=desk.standin.url, created_at=clock.now(), **broken)
    desk.paid()
    desk.standin.control("payouts/run", everything=True, arrive=True)
    desk.news()  # lost

    found = catch_up.catch_up()
    told = (list(found["a-live"]), found["stripe-test"]["payouts"], desk.letters())
    StripeAccount.objects.filter(key="a-live").update(credentials=desk.account.credentials)
    catch_up.catch_up()

    assert told == (["problem"], 1, ["stripe_unread"])
    assert desk.letters() == []


def test_a_payout_by_hand_is_named_once_and_settled_by_the_person_who_closes_its_letter(desk: Desk) -> None:
    desk.paid()
    desk.standin.control("clock", advance_seconds=30 * 86_400)
    number = desk.api.v1.payouts.create({"amount": 10_00, "currency": "eur"}).id
    desk.standin.control(f"payouts/{number}", do="arrive")
    desk.tell()
    letter = DeadLetter.objects.get(resolved_at__isnull=True)
    named = (letter.cause, Payout.objects.get().differences, matching.match_open())

    deadletters.perform(letter.pk, "payments_close")
    matching.match_open()
    payouts.match_again(Payout.objects.get().pk)
    desk.work()

    assert named == ("payout_difference", 1, 0)
    assert (Payout.objects.get().differences, Payout.objects.get().problem, desk.letters()) == (0, "", [])
    assert DeadLetter.objects.get().seen_again == 0
    assert desk.booked(Kind.BANK) == 10_00


def test_events_and_payouts_that_never_reached_us_are_fetched(desk: Desk) -> None:
    desk.standin.settings(webhook_url="http://127.0.0.1:9/nobody")
    row = desk.checkout()
    desk.pay(row)
    desk.standin.control("payouts/run", everything=True, arrive=True)

    found = catch_up.catch_up()
    desk.work()

    assert found["stripe-test"]["events"] >= 3
    assert (desk.fresh(row).state, desk.wallet()) == ("succeeded", 50_00)
    payouts.match_again(Payout.objects.get().pk)
    desk.work()
    assert Payout.objects.get().differences == 0
    desk.add_up()
