"""Refunds proposed by hand, and proposals of the delivery clock that a late delivery overtakes."""

from __future__ import annotations

import json

import pytest

from simplane.channels import refund_proposals, refunds
from simplane.channels.errors import BadRefund, NotDecidable, NothingToRefund, RefundOpen
from simplane.channels.models import Refund
from simplane.channels.shopify import reads, trouble
from simplane.channels.shopify.facts import refund as refund_fact
from simplane.channels.shopify.refund import Suggestion
from simplane.core.errors import BadMoney
from simplane.core.models import AuditEntry, DeadLetter, Event
from simplane.core.money import Money
from simplane.delivery.models import Message
from simplane.ordering.models import Compensation, Unit
from tests.channels.helpers import Merchant, deliver, done, paid_back, queued, run, sold, units_of, work_off

pytestmark = pytest.mark.usefixtures("esim")


class TestOvertaken:
    def test_a_proposal_of_the_clock_is_withdrawn_when_the_order_is_delivered_after_all(
        self, merchant: Merchant
    ) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        assert refund_proposals.withdraw_overtaken() == 0
        deliver(made["order_id"])
        assert refund_proposals.withdraw_overtaken() == 1
        row = Refund.objects.get()
        assert row.state == "withdrawn"
        assert DeadLetter.objects.get(kind="refund").resolution == "delivered meanwhile"
        assert Event.objects.get(name="RefundWithdrawn").order_id == order.pk
        assert AuditEntry.objects.filter(action="refund.withdrawn", entity_id=str(row.pk)).count() == 1
        assert refund_proposals.withdraw_overtaken() == 0
        assert paid_back(merchant, made) == []

    def test_what_is_still_missing_is_proposed_anew(self, merchant: Merchant) -> None:
        made, order = sold(merchant, {"quantity": 2})
        run(refunds.order_late(order.pk, 4))
        deliver(made["order_id"], count=1)
        refund_proposals.withdraw_overtaken()
        assert work_off("channels.order_late") == 1
        first, second = Refund.objects.order_by("pk")
        assert (first.state, first.amount_minor) == ("withdrawn", 3800)
        assert (second.state, second.amount_minor) == ("proposed", 1900)

    def test_it_can_not_be_approved_in_the_moment_before(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        deliver(made["order_id"])
        with pytest.raises(NotDecidable, match="delivered or taken back meanwhile"):
            refunds.decide(Refund.objects.get().pk, approve=True)
        assert queued("channels.refund") == []

    def test_an_esim_we_gave_up_is_still_to_be_paid_back(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        Unit.objects.filter(pk=units_of(made["order_id"])[0].pk).update(state="failed")
        assert refund_proposals.withdraw_overtaken() == 0

    def test_what_a_person_proposed_stays(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        refunds.propose_by_hand(order.pk, "5.00", "the hotel had no reception")
        deliver(made["order_id"])
        assert refund_proposals.withdraw_overtaken() == 0
        assert Refund.objects.get().state == "proposed"


class TestApproved:
    """Nobody gets the eSIM and the money."""

    def test_what_was_not_bought_yet_is_given_up_and_the_money_goes_back(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        row = Refund.objects.get()
        refunds.decide(row.pk, approve=True)
        assert [unit.state for unit in units_of(made["order_id"])] == ["failed"]
        assert (done(row).state, paid_back(merchant, made)) == ("done", [1900])
        run(reads.take_in(row.shop_id, str(made["order_id"])))
        assert [unit.state for unit in units_of(made["order_id"])] == ["refunded"]

    def test_what_a_supplier_works_on_is_taken_back_when_it_answers(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        Unit.objects.update(state="pending")
        refunds.decide(Refund.objects.get().pk, approve=True)
        assert units_of(made["order_id"])[0].cancel_wanted == "given_up"

    def test_what_was_delivered_stays_with_the_buyer(self, merchant: Merchant) -> None:
        made, order = sold(merchant, {"quantity": 3})
        deliver(made["order_id"], count=1)
        run(refunds.order_late(order.pk, 4))
        refunds.decide(Refund.objects.get().pk, approve=True)
        assert [unit.state for unit in units_of(made["order_id"])] == ["delivered", "failed", "failed"]

    def test_declined_changes_no_unit(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        refunds.decide(Refund.objects.get().pk, approve=False)
        assert units_of(made["order_id"])[0].state == "waiting"

    def test_no_money_goes_back_when_the_esim_arrived_before_the_shop_could_be_asked(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        row = Refund.objects.get()
        refunds.decide(row.pk, approve=True)
        merchant.standin.fault("graphql", "drop_before")
        assert done(row).state == "wanted"
        deliver(made["order_id"])
        assert (done(row).state, row.due_at, row.lease_until) == ("withdrawn", None, None)
        assert paid_back(merchant, made) == []
        assert AuditEntry.objects.filter(action="refund.withdrawn").count() == 1

    def test_it_does_when_that_esim_is_being_taken_back(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        row = Refund.objects.get()
        Unit.objects.update(state="ready")
        refunds.decide(row.pk, approve=True)
        deliver(made["order_id"])
        assert Compensation.objects.get().reason == "given_up"
        assert (done(row).state, paid_back(merchant, made)) == ("done", [1900])


class TestByHand:
    def test_a_sum_is_proposed_approved_and_paid_back_once(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = Refund.objects.get(pk=refunds.propose_by_hand(order.pk, "4,50", "slow for two days"))
        assert (row.amount_minor, row.currency, row.lines, row.origin) == (450, "EUR", {}, "person")
        assert DeadLetter.objects.get(kind="refund").money_minor == 450
        refunds.decide(row.pk, approve=True)
        assert done(row).state == "done"
        assert done(row).state == "done"
        assert paid_back(merchant, made) == [450]
        assert Message.objects.get(kind="order_refunded").context["refund_minor"] == 450
        assert units_of(made["order_id"])[0].state == "waiting"

    def test_a_lost_answer_is_asked_for_under_the_same_key(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = Refund.objects.get(pk=refunds.propose_by_hand(order.pk, "4.50", "slow"))
        refunds.decide(row.pk, approve=True)
        merchant.standin.fault("graphql", "drop_after", match="refundCreate")
        assert done(row).state == "unknown"
        assert done(row).state == "done"
        assert paid_back(merchant, made) == [450]

    @pytest.mark.parametrize(
        ("amount", "reason", "refusal"),
        [
            ("19.01", "too much", NothingToRefund),
            ("0", "nothing", BadRefund),
            ("-1.00", "backwards", BadRefund),
            ("1.999", "too fine", BadMoney),
            ("much", "no number", BadMoney),
            ("1.00", "", BadRefund),
        ],
    )
    def test_what_can_not_be_paid_back_is_refused(
        self, merchant: Merchant, amount: str, reason: str, refusal: type[Exception]
    ) -> None:
        _, order = sold(merchant)
        with pytest.raises(refusal):
            refunds.propose_by_hand(order.pk, amount, reason)
        assert not Refund.objects.exists()

    def test_one_open_at_a_time(self, merchant: Merchant) -> None:
        _, order = sold(merchant)
        refunds.propose_by_hand(order.pk, "1.00", "first")
        with pytest.raises(RefundOpen):
            refunds.propose_by_hand(order.pk, "2.00", "second")

    def test_the_shop_has_the_last_word_on_what_is_left(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = Refund.objects.get(pk=refunds.propose_by_hand(order.pk, "10.00", "goodwill"))
        refunds.decide(row.pk, approve=True)
        merchant.does("refund", made, amount="15.00")
        assert done(row).state == "failed"
        assert "not so much left" in row.problem
        assert paid_back(merchant, made) == [1500]

    def test_our_own_refund_without_units_asks_nobody_what_it_was_for(self, merchant: Merchant) -> None:
        _, order = sold(merchant)
        told = {"order_id": int(order.external_id), "refund_line_items": [], "transactions": []}
        ours = refund_fact(json.loads(json.dumps(told | {"note": f"slow [{order.public_id}/7]"})))
        trouble.refund_without_units(order.pk, ours)
        assert not DeadLetter.objects.exists()
        trouble.refund_without_units(order.pk, refund_fact(told | {"note": "by the merchant"}))
        assert DeadLetter.objects.get().cause == "refund_without_units"


def test_a_part_is_taken_from_the_oldest_payments_in_the_buyers_currency() -> None:
    whole = Suggestion(
        Money(1000, "EUR"),
        Money(1100, "USD"),
        (("1", "gift_card", Money(300, "USD")), ("2", "card", Money(800, "USD"))),
    )
    part = whole.part(Money(500, "EUR"))
    assert part is not None
    assert part.shown == Money(550, "USD")
    assert part.transactions == (("1", "gift_card", Money(300, "USD")), ("2", "card", Money(250, "USD")))
    assert whole.part(Money(1001, "EUR")) is None
    assert whole.part(Money(500, "USD")) is None
