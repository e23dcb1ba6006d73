"""A declined automatic top-up: tried again after 1, 3 and 7 days or when asked for, told each time, never two at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simplane.core import clock, context
from simplane.core.foureyes import SecondPersonNeeded
from simplane.core.models import Event
from simplane.ledger.errors import InsufficientFunds
from simplane.payments import actions
from simplane.payments.errors import NotDecidable, NotNeeded, NotRefundable, TopUpHeld
from simplane.payments.models import AutoTopUp, TopUp
from simplane.payments.watch import watch_wallets
from tests.payments.desk import Desk
from tests.payments.test_money_back import spend
from tests.payments.test_watch import again, rule


def look(desk: Desk) -> int:
    started = watch_wallets()["started"]
    desk.work()
    return started


def days_later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    then = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: then)


def test_what_was_declined_is_tried_again_after_1_3_and_7_days_and_then_only_when_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = rule(desk, method="pm_card_chargeCustomerFail")
    tried = [look(desk), look(desk)]
    for days in (1, 3, 7):
        days_later(monkeypatch, days - 0.1)
        tried.append(look(desk))
        days_later(monkeypatch, 0.2)
        tried += [look(desk), look(desk)]
    days_later(monkeypatch, 30)
    tried.append(look(desk))

    assert tried == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]
    told = [one.data for one in Event.objects.filter(name="AutoTopUpDeclined").order_by("pk")]
    assert [(one["declined"], bool(one["retry_at"])) for one in told] == [(1, True), (2, True), (3, True), (4, False)]
    assert {one["reason"] for one in told} == {"Your card was declined."}

    again_now = actions.try_again(desk.organization.pk, "EUR")
    with pytest.raises(NotNeeded):
        actions.try_again(desk.organization.pk, "EUR")
    desk.work()
    row.refresh_from_db()
    assert (desk.fresh(again_now).state, row.declined, row.retry_at, desk.wallet()) == ("failed", 5, None, 0)

    again(desk.organization, desk.card(), 20_00)
    assert (look(desk), desk.wallet(), TopUp.objects.filter(state="failed").count()) == (1, 40_00, 5)
    row.refresh_from_db()
    assert (row.declined, row.retry_at, row.problem) == (0, None, "")
    desk.add_up()


def test_a_wallet_that_is_full_again_forgets_and_a_cap_holds_whoever_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = rule(desk, cap=40_00, method="pm_card_chargeCustomerFail")
    look(desk)
    desk.paid(25_00)
    days_later(monkeypatch, 2)
    assert look(desk) == 0
    row.refresh_from_db()
    assert (row.declined, row.retry_at, row.armed, row.problem) == (0, None, True, "")
    with pytest.raises(NotNeeded):
        actions.try_again(desk.organization.pk, "EUR")

    again(desk.organization, desk.card(), 30_00, cap=40_00)
    look(desk)
    spend(desk, 60_00)
    assert look(desk) == 0
    with pytest.raises(TopUpHeld, match=r"the monthly cap of 40\.00 EUR is reached"):
        actions.try_again(desk.organization.pk, "EUR")
    assert (desk.wallet(), AutoTopUp.objects.get().problem) == (5_00, "the monthly cap of 40.00 EUR is reached")


def test_a_refund_from_the_console_is_one_persons_wish_and_another_persons_word(desk: Desk) -> None:
    row = desk.paid(50_00)
    with context.acting("user:1 ana@simplane.example"):
        with pytest.raises(NotRefundable, match=r"50\.00 EUR of it are left"):
            actions.propose_refund(row.public_id, 50_01, reason="asked")
        wish = actions.propose_refund(row.public_id, 20_00, reason="asked")
        with pytest.raises(NotRefundable, match="waits already"):
            actions.propose_refund(row.public_id, 1_00, reason="asked")
        with pytest.raises(SecondPersonNeeded):
            actions.decide_refund(wish.pk, approve=True, reason="mine")
    assert desk.wallet() == 50_00

    spend(desk, 45_00)
    with context.acting("user:2 cleo@simplane.example"):
        with pytest.raises(InsufficientFunds):
            actions.decide_refund(wish.pk, approve=True, reason="fine")
        actions.decide_refund(wish.pk, approve=False, reason="it is spent")
        with pytest.raises(NotDecidable):
            actions.decide_refund(wish.pk, approve=True, reason="fine")
    with context.acting("user:1 ana@simplane.example"):
        rest = actions.propose_refund(row.public_id, 5_00, reason="the rest")
    with context.acting("user:2 cleo@simplane.example"):
        done = actions.decide_refund(rest.pk, approve=True, reason="fine")

    assert done.refund is not None
    assert (done.refund.state, desk.wallet(), desk.fresh(row).state) == ("succeeded", 0, "partly_refunded")
    assert done.refund.reason == "the rest (proposed by user:1 ana@simplane.example)"
    desk.tell()
    desk.add_up()
