"""Giving money back: proposed, decided, done once, whatever happens to the calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simplane.channels import refunds
from simplane.channels.errors import NotDecidable, NothingToRefund, RefundOpen, ShopNotReachable
from simplane.channels.models import Refund, Shop
from simplane.core import clock, deadletters
from simplane.core.jobs import Temporary
from simplane.core.models import DeadLetter, Event
from simplane.delivery.models import Message
from simplane.ordering.models import Order
from tests.channels.helpers import Merchant, deliver, done, paid_back, run, sold, work_off

pytestmark = pytest.mark.usefixtures("esim")
LATE = "not delivered in time"


def proposed(order: Order, made: dict[str, Any], units: int = 1) -> Refund:
    number = run(refunds.propose(order.pk, {str(made["lines"][0]["id"]): units}, LATE))
    return Refund.objects.get(pk=number)


def approved(order: Order, made: dict[str, Any], units: int = 1) -> Refund:
    row = proposed(order, made, units)
    refunds.decide(row.pk, approve=True)
    return row


def sent_long_ago(row: Refund) -> None:
    """As if its first attempt was more than a day ago."""
    assert row.request is not None
    row.request["first_at"] = (clock.now() - timedelta(hours=25)).isoformat()
    row.save()


class TestProposal:
    def test_holds_what_the_shop_suggests_and_goes_before_a_person(self, merchant: Merchant) -> None:
        made, order = sold(merchant, {"quantity": 2}, total="30.00")
        row = proposed(order, made)
        assert (row.state, row.amount_minor, row.currency) == ("proposed", 1500, "EUR")
        letter = DeadLetter.objects.get(kind="refund")
        assert (letter.cause, letter.money_minor, letter.order_id) == ("refund_proposed", 1500, order.pk)
        assert paid_back(merchant, made) == []

    def test_one_open_at_a_time(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        proposed(order, made)
        with pytest.raises(RefundOpen):
            proposed(order, made)
        assert Refund.objects.count() == 1

    def test_nothing_is_proposed_for_what_was_given_back(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        merchant.does("refund", made, full=True)
        with pytest.raises(NothingToRefund):
            proposed(order, made)
        assert not Refund.objects.exists()

    def test_nothing_is_written_when_the_shop_can_not_be_asked(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        merchant.standin.fault("graphql", "drop_before")
        with pytest.raises(ShopNotReachable):
            proposed(order, made)
        assert not Refund.objects.exists()

    def test_declined_is_the_end_of_it(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = proposed(order, made)
        refunds.decide(row.pk, approve=False)
        with pytest.raises(NotDecidable):
            refunds.decide(row.pk, approve=True)
        assert done(row).state == "declined"
        assert paid_back(merchant, made) == []
        assert DeadLetter.objects.get(kind="refund").resolution == "declined"


class TestDone:
    def test_money_goes_back_once_and_the_buyer_is_told(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = done(approved(order, made))
        assert (row.state, row.due_at) == ("done", None)
        assert row.external_id.startswith("gid://shopify/Refund/")
        assert paid_back(merchant, made) == [1900]
        done(row)
        assert paid_back(merchant, made) == [1900]
        message = Message.objects.get(kind="order_refunded")
        assert (message.to, message.context["refund_minor"]) == ("lena.fischer@example.com", 1900)
        assert Event.objects.filter(name="RefundDone", order_id=order.pk).count() == 1

    def test_by_the_button_in_the_queue(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = proposed(order, made)
        deadletters.perform(DeadLetter.objects.get(kind="refund").pk, "refund_approve")
        assert work_off("channels.refund") == 1
        row.refresh_from_db()
        assert (row.state, paid_back(merchant, made)) == ("done", [1900])

    def test_a_sum_that_changed_after_the_decision_is_decided_anew(self, merchant: Merchant) -> None:
        made, order = sold(merchant, {"quantity": 2})
        row = approved(order, made, units=2)
        merchant.does("refund", made, amount="30.00")
        assert done(row).state == "proposed"
        assert (row.amount_minor, paid_back(merchant, made)) == (800, [3000])

    def test_what_the_merchant_gave_back_meanwhile_is_not_given_back_again(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.does("refund", made, full=True)
        assert done(row).state == "failed"
        letter = DeadLetter.objects.get(kind="refund", resolved_at__isnull=True)
        assert letter.cause == "refund_refused"
        assert paid_back(merchant, made) == [1900]
        deadletters.perform(letter.pk, "refund_done")
        row.refresh_from_db()
        assert row.state == "done"


class TestLostAnswers:
    @pytest.mark.parametrize("kind", ["drop_after", "empty", "malformed", "internal_error_after"])
    def test_the_same_key_is_sent_again_and_money_moves_once(self, merchant: Merchant, kind: str) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.standin.fault("graphql", kind, match="refundCreate")
        assert done(row).state == "unknown"
        key = row.key
        assert (done(row).state, row.key) == ("done", key)
        assert paid_back(merchant, made) == [1900]

    def test_while_the_shop_is_still_at_it_we_wait_with_the_same_key(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.standin.fault("graphql", "idempotency_concurrent", match="refundCreate")
        assert done(row).state == "unknown"
        key = row.key
        assert (done(row).state, row.key) == ("done", key)

    def test_after_a_day_the_notes_of_the_refunds_tell(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.standin.fault("graphql", "drop_after", match="refundCreate")
        done(row)
        merchant.standin.control("clock", advance_seconds=90_000)
        sent_long_ago(row)
        assert done(row).state == "done"
        assert paid_back(merchant, made) == [1900]

    def test_after_a_day_what_was_never_executed_is_sent_under_a_new_key(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.standin.fault("graphql", "drop_before", match="refundCreate")
        done(row)
        key = row.key
        sent_long_ago(row)
        assert done(row).state == "done"
        assert row.key != key
        assert paid_back(merchant, made) == [1900]

    def test_a_key_used_for_something_else_stops_and_asks_a_person(self, merchant: Merchant) -> None:
        made, order = sold(merchant, {"quantity": 2})
        row = approved(order, made)
        merchant.standin.fault("graphql", "drop_after", match="refundCreate")
        done(row)
        assert row.request is not None
        row.request["input"]["note"] = "something else"
        row.save()
        assert done(row).state == "failed"
        assert DeadLetter.objects.get(kind="refund", resolved_at__isnull=True).cause == "refund_key_mismatch"
        assert paid_back(merchant, made) == [1900]

    def test_a_failed_attempt_is_retried_under_a_new_key_by_a_person(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.standin.fault("graphql", "status_before", status=404, match="refundCreate")
        assert done(row).state == "failed"
        key = row.key
        deadletters.perform(DeadLetter.objects.get(kind="refund", resolved_at__isnull=True).pk, "refund_retry")
        work_off("channels.refund")
        row.refresh_from_db()
        assert row.state == "done"
        assert row.key != key
        assert paid_back(merchant, made) == [1900]

    def test_a_missing_scope_is_waited_for(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        row = approved(order, made)
        merchant.standin.fault("graphql", "access_denied", match="refundCreate")
        assert done(row).state == "wanted"
        assert row.due_at is not None
        assert row.due_at - clock.now() > timedelta(minutes=50)
        assert done(row).state == "done"


class TestLate:
    def test_the_last_step_of_the_clock_proposes_what_is_still_owed(self, merchant: Merchant) -> None:
        made, order = sold(merchant, {"quantity": 3})
        deliver(made["order_id"], count=1)
        run(refunds.order_late(order.pk, 4))
        row = Refund.objects.get()
        assert (row.state, row.lines, row.amount_minor) == ("proposed", {str(made["lines"][0]["id"]): 2}, 3800)
        run(refunds.order_late(order.pk, 4))
        assert Refund.objects.count() == 1

    def test_or_does_it_when_the_shop_is_set_so(self, merchant: Merchant) -> None:
        Shop.objects.update(settings={"late_refund": "do"})
        made, order = sold(merchant)
        run(refunds.order_late(order.pk, 4))
        assert work_off("channels.refund") == 1
        row = Refund.objects.get()
        assert (row.state, paid_back(merchant, made)) == ("done", [1900])
        assert row.decided_by == "setting:demo late_refund"

    @pytest.mark.parametrize("step", [1, 2, 3])
    def test_earlier_steps_are_not_ours(self, merchant: Merchant, step: int) -> None:
        _, order = sold(merchant)
        run(refunds.order_late(order.pk, step))
        assert not Refund.objects.exists()

    def test_a_delivered_order_gives_nothing_back(self, merchant: Merchant) -> None:
        made, order = sold(merchant)
        deliver(made["order_id"])
        run(refunds.order_late(order.pk, 4))
        assert not Refund.objects.exists()

    def test_is_tried_again_while_the_shop_is_away(self, merchant: Merchant) -> None:
        _, order = sold(merchant)
        merchant.standin.fault("graphql", "status_before", status=503)
        with pytest.raises(Temporary):
            run(refunds.order_late(order.pk, 4))
        assert not Refund.objects.exists()
