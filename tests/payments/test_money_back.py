"""Money that leaves a wallet again: refunds by us and at Stripe, disputes won and lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.models import DeadLetter
from simplane.ledger.actions import post, set_credit_limit
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.errors import InsufficientFunds
from simplane.ledger.models import Ledger, Wallet
from simplane.ledger.values import AccountRef, Posting
from simplane.payments import actions, refunds
from simplane.payments.errors import NotRefundable
from simplane.payments.models import Dispute, TopUp, TopUpRefund
from tests.payments.desk import Desk


def spend(desk: Desk, minor: int) -> None:
    """The reseller buys."""
    with transaction():
        wallet = AccountRef(Kind.WALLET, "EUR", desk.organization.pk)
        sales = AccountRef(Kind.SALES, "EUR", subject="wholesale")
        post(Fact(kind="sale", key=f"sale:{minor}", ledger=Ledger.TEST), [Posting(wallet, sales, minor)])


def give_back(desk: Desk, public_id: str, minor: int) -> TopUpRefund:
    return actions.refund_top_up(desk.organization.pk, public_id, minor, reason="asked for it")


def test_a_top_up_is_given_back_in_two_parts_and_not_a_cent_more(desk: Desk) -> None:
    row = desk.paid()

    first = give_back(desk, row.public_id, 20_00)
    partly = desk.fresh(row).state
    desk.tell()
    give_back(desk, row.public_id, 30_00)
    desk.tell(reversed(desk.news()))

    assert (first.state, partly, desk.fresh(row).state) == ("succeeded", "partly_refunded", "refunded")
    assert (desk.wallet(), desk.booked(Kind.CLEARING), desk.booked(Kind.FEES)) == (0, -1_00, 1_00)
    with pytest.raises(NotRefundable):
        give_back(desk, row.public_id, 1)
    assert TopUpRefund.objects.count() == 2
    desk.add_up()


def test_only_what_is_left_in_the_wallet_can_go_back_and_credit_does_not_count(desk: Desk) -> None:
    row = desk.paid()
    with transaction():
        set_credit_limit(Wallet.objects.get(organization=desk.organization), 100_00, reason="known")
    spend(desk, 45_00)

    with pytest.raises(InsufficientFunds):
        give_back(desk, row.public_id, 10_00)

    assert (desk.wallet(), TopUpRefund.objects.count(), desk.fresh(row).state) == (5_00, 0, "succeeded")
    assert give_back(desk, row.public_id, 5_00).state == "succeeded"
    desk.add_up()


@pytest.mark.parametrize("fault", ["drop_after", "internal_error_after"])
def test_a_refund_whose_answer_was_lost_goes_out_once(desk: Desk, fault: str) -> None:
    row = desk.paid()
    desk.standin.fault("refund.create", fault, times=1)

    made = give_back(desk, row.public_id, 20_00)
    assert (made.state, desk.wallet()) == ("wanted", 30_00)
    send_again(made)
    desk.tell()

    made.refresh_from_db()
    assert (made.state, desk.wallet(), TopUpRefund.objects.count()) == ("succeeded", 30_00, 1)
    assert desk.standin.books(summary=True)["objects"]["refund"] == 1
    desk.add_up()


def test_a_refund_with_a_dead_key_is_given_up_only_after_a_look_that_happened(desk: Desk) -> None:
    row, other = desk.paid(), desk.paid()
    desk.standin.fault("refund.create", "drop_after", times=1)
    gone_out = give_back(desk, row.public_id, 20_00)
    desk.standin.fault("refund.create", "drop_before", times=1)
    never_sent = give_back(desk, other.public_id, 10_00)
    desk.news()  # lost
    TopUpRefund.objects.update(sent_at=clock.now() - timedelta(days=2))

    desk.standin.fault("refund.list", "status_before", times=1)
    send_again(gone_out)
    blind = (gone_out.state, desk.wallet())
    held_until = clock.now() + timedelta(minutes=1)
    TopUp.objects.filter(pk=row.pk).update(lease_until=held_until, due_at=held_until)
    send_again(gone_out)
    beside = (gone_out.state, desk.wallet())
    TopUp.objects.filter(pk=row.pk).update(lease_until=None)
    send_again(gone_out)
    send_again(never_sent)

    assert (blind, beside) == (("wanted", 70_00), ("wanted", 70_00))
    assert (gone_out.state, never_sent.state, desk.wallet()) == ("succeeded", "failed", 80_00)
    assert desk.standin.books(summary=True)["objects"]["refund"] == 1
    desk.add_up()


def send_again(refund: TopUpRefund) -> None:
    """Its time has come."""
    TopUpRefund.objects.filter(pk=refund.pk).update(due_at="2026-01-01T00:00:00Z", lease_until=None)
    refunds.send(refund.pk)
    refund.refresh_from_db()


def test_a_refund_that_the_bank_sends_back_is_in_the_wallet_again_and_told(desk: Desk) -> None:
    row = desk.paid(method="pm_card_refundFail")
    made = give_back(desk, row.public_id, 50_00)
    before = (made.state, desk.wallet())
    desk.standin.control("clock", advance_seconds=11)
    desk.tell()

    made.refresh_from_db()
    assert before == ("succeeded", 0)
    assert (made.state, desk.fresh(row).state, desk.wallet()) == ("failed", "succeeded", 50_00)
    assert desk.letters() == ["top_up_refund_failed"]
    desk.add_up()


def test_a_refund_made_at_stripe_before_we_knew_of_the_payment_may_overdraw_the_wallet(desk: Desk) -> None:
    row = desk.checkout()
    intent = desk.pay(row)["intent"]["id"]
    desk.standin.control("refunds", payment_intent=intent, amount=30_00)
    refund_first = [one for one in desk.news() if "refund" in one["type"]]
    desk.tell(refund_first)
    assert (desk.fresh(row).state, desk.wallet()) == ("partly_refunded", 20_00)

    spend(desk, 15_00)
    desk.standin.control("refunds", payment_intent=intent, amount=20_00)
    desk.tell()

    assert (desk.fresh(row).state, desk.wallet(), desk.letters()) == ("refunded", -15_00, ["wallet_overdrawn"])
    assert TopUpRefund.objects.filter(origin="stripe").count() == 2
    desk.add_up()


@pytest.mark.parametrize(("end", "state", "left"), [("won", "succeeded", 10_00), ("lost", "lost", -40_00)])
def test_a_dispute_takes_the_money_at_once_and_gives_it_back_when_won(
    desk: Desk, end: str, state: str, left: int
) -> None:
    row = desk.paid()
    spend(desk, 40_00)
    found = desk.standin.control("disputes", payment_intent=row.intent_id, reason="fraudulent")
    opened = desk.tell()
    during = (desk.fresh(row).state, desk.wallet(), desk.booked(Kind.FEES), desk.letters())
    with pytest.raises(NotRefundable):
        give_back(desk, row.public_id, 1_00)

    desk.standin.control(f"disputes/{Dispute.objects.get().stripe_id}", do=end)
    closed = desk.news()
    desk.tell(reversed(closed))
    desk.tell(closed)

    assert found
    assert "charge.dispute.created" in opened
    assert during == ("disputed", -40_00, 21_00, ["top_up_disputed", "wallet_overdrawn"])
    assert (desk.fresh(row).state, desk.wallet()) == (state, left)
    assert desk.letters() == ([] if end == "won" else ["wallet_overdrawn"])
    assert Dispute.objects.get().fee_minor == 20_00
    desk.add_up()


def test_an_inquiry_moves_no_money_and_is_told_until_it_is_closed(desk: Desk) -> None:
    row = desk.paid()
    desk.standin.control("disputes", payment_intent=row.intent_id, reason="general", inquiry=True)
    desk.tell()
    during = (desk.fresh(row).state, desk.wallet(), desk.letters())
    desk.standin.control(f"disputes/{Dispute.objects.get().stripe_id}", do="warning_closed")
    desk.tell()

    assert during == ("succeeded", 50_00, ["top_up_disputed"])
    assert (desk.fresh(row).state, desk.letters()) == ("succeeded", [])
    assert not DeadLetter.objects.filter(resolved_at__isnull=True).exists()
    desk.add_up()


def test_money_that_covers_an_overdrawn_wallet_closes_what_was_told(desk: Desk) -> None:
    row = desk.paid()
    spend(desk, 50_00)
    desk.standin.control("refunds", payment_intent=row.intent_id, amount=50_00)
    desk.tell()
    told = desk.letters()

    desk.paid(60_00)

    assert (told, desk.letters(), desk.wallet()) == (["wallet_overdrawn"], [], 10_00)
