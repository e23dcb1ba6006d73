"""Telling the shop what was delivered: exactly the eSIM lines, exactly once, whatever happens to the calls."""

from __future__ import annotations

from typing import Any

import pytest

from simplane.channels import shops, writeback
from simplane.channels.jobs import channel_due
from simplane.channels.models import Shop, WriteBack
from simplane.channels.shopify import reads
from simplane.channels.shops import by_key
from simplane.channels.writeback_rows import LEASE
from simplane.core import clock, deadletters
from simplane.core.models import DeadLetter, Event
from simplane.ordering.models import Order, Unit
from tests import factories
from tests.channels.helpers import SKU, Merchant, deliver, queued, run, units_of, work_off

pytestmark = pytest.mark.usefixtures("esim")
CASE = {"sku": "CASE", "requires_shipping": True}


def bought(merchant: Merchant, *lines: dict[str, Any], count: int | None = None, **order: Any) -> tuple[Any, Order]:
    """An order of the shop, taken in, its units delivered (the first `count`)."""
    made = merchant.sells(*lines, **order)
    run(reads.take_in(Shop.objects.get().pk, str(made["order_id"])))
    return made, deliver(made["order_id"], count=count)


def told(order: Order) -> WriteBack | None:
    run(writeback.write_back(order.pk))
    return WriteBack.objects.filter(order=order).order_by("-number").first()


def again(row: WriteBack) -> WriteBack:
    """The next attempt, as if its time had come."""
    WriteBack.objects.filter(pk=row.pk).update(due_at=clock.now(), lease_until=None)
    run(writeback.try_again(row.pk))
    row.refresh_from_db()
    return row


def sent(merchant: Merchant, made: dict[str, Any]) -> list[dict[str, Any]]:
    """The fulfilments in the shop's books."""
    found: list[dict[str, Any]] = merchant.order(made["order_id"])["fulfillments"]
    return found


class TestWritten:
    def test_a_delivered_order_is_fulfilled_with_a_link_to_its_page(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"quantity": 2})
        row = told(order)
        assert row is not None
        assert (row.state, row.lines, row.due_at) == ("done", {str(made["lines"][0]["id"]): 2}, None)
        (one,) = sent(merchant, made)
        assert one["number"] == row.tracking == f"{order.public_id}-1"
        assert "/o/" in one["url"]
        assert [line["quantity"] for line in one["lines"]] == [2]
        assert row.external_ids == [f"gid://shopify/Fulfillment/{one['id']}"]
        assert Event.objects.get(name="WrittenBack").order_id == order.pk
        assert merchant.order(made["order_id"])["fulfillment_status"] == "FULFILLED"

    def test_goods_in_the_same_cart_are_left_to_the_merchant(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {}, CASE, {"sku": SKU, "requires_shipping": True})
        told(order)
        fulfilled = {line["sku"]: line["fulfilled"] for line in merchant.order(made["order_id"])["lines"]}
        assert fulfilled == {SKU: 1, "CASE": 0}
        assert sum(len(one["lines"]) for one in sent(merchant, made)) == 2

    def test_two_locations_take_two_calls(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"location": "Berlin"}, {"location": "Paris"})
        row = told(order)
        assert row is not None
        assert row.state == "done"
        assert [len(one["lines"]) for one in sent(merchant, made)] == [1, 1]
        assert {one["number"] for one in sent(merchant, made)} == {row.tracking}
        assert len(row.external_ids) == 2

    def test_an_order_takes_two_calls(self, merchant: Merchant) -> None:
        _, order = bought(merchant)
        before = len(merchant.standin.journal(limit=500))
        told(order)
        assert len(merchant.standin.journal(limit=500)) - before == 2

    def test_nothing_is_told_twice(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        for _ in range(3):
            told(order)
        assert len(sent(merchant, made)) == 1
        assert WriteBack.objects.count() == 1

    def test_an_order_read_in_parts_is_read_whole(self, merchant: Merchant) -> None:
        made, order = bought(merchant, *({"title": f"Line {n}"} for n in range(13)))
        row = told(order)
        assert row is not None
        assert row.state == "done"
        assert sum(line["fulfilled"] for line in merchant.order(made["order_id"])["lines"]) == 13

    def test_an_order_of_another_book_is_nobodys_business_here(self) -> None:
        assert told(factories.order(book="wholesale", account="reseller")) is None


class TestWaits:
    def test_for_units_on_their_way(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"quantity": 2}, count=1)
        assert told(order) is None
        deliver(made["order_id"])
        row = told(order)
        assert row is not None
        assert list(row.lines.values()) == [2]

    def test_a_little_for_dead_ones(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"quantity": 2}, count=1)
        dead = units_of(made["order_id"], "waiting")[0]
        Unit.objects.filter(pk=dead.pk).update(state="dead", due_at=None)
        row = told(order)
        assert row is not None
        assert (row.state, sent(merchant, made)) == ("wanted", [])
        assert row.due_at is not None
        assert row.due_at > clock.now()
        again(row)
        assert (row.state, len(sent(merchant, made))) == ("done", 1)
        deliver(made["order_id"])
        second = told(order)
        assert second is not None
        assert (second.number, second.state, list(second.lines.values())) == (2, "done", [1])

    def test_a_dead_one_repaired_in_time_goes_in_the_same_call(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"quantity": 2}, count=1)
        Unit.objects.filter(external_order=str(made["order_id"]), state="waiting").update(state="dead")
        told(order)
        deliver(made["order_id"])
        row = told(order)
        assert row is not None
        assert (row.number, row.state, list(row.lines.values())) == (1, "done", [2])

    def test_while_the_fulfilment_is_on_hold_and_goes_on_when_it_is_released(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        merchant.does("hold", made)
        row = told(order)
        assert row is not None
        assert (row.state, row.problem, sent(merchant, made)) == ("wanted", "on hold at the shop", [])
        merchant.does("release", made)
        assert shops.wake_held_write_backs(row.shop_id) == 1
        work_off_due()
        row.refresh_from_db()
        assert row.state == "done"

    def test_the_rest_waits_when_only_a_part_is_on_hold(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"location": "Berlin"}, {"location": "Paris"})
        merchant.does("hold", made)
        row = told(order)
        assert row is not None
        assert (row.state, len(row.lines)) == ("done", 1)
        assert queued("channels.write_back") == [{"order_id": order.pk}]
        work_off("channels.write_back")
        rest = WriteBack.objects.get(number=2)
        assert (rest.state, rest.problem) == ("wanted", "on hold at the shop")


def work_off_due() -> None:
    """The sweep, and the jobs it writes."""
    channel_due()
    work_off("channels.write_back_again")


class TestDoneAlready:
    def test_by_the_merchant(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        merchant.does("fulfil", made, number="by hand")
        row = told(order)
        assert row is not None
        assert (row.state, row.external_ids) == ("done", [])
        assert [one["number"] for one in sent(merchant, made)] == ["by hand"]

    def test_in_part_by_the_merchant(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"quantity": 2, "location": "Berlin"}, {"location": "Paris"})
        merchant.does("fulfil", made)
        told(order)
        assert sum(line["quantity"] for one in sent(merchant, made) for line in one["lines"]) == 3

    def test_on_a_cancelled_order_nothing_is_left(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        merchant.does("cancel", made)
        row = told(order)
        assert row is not None
        assert (row.state, sent(merchant, made)) == ("done", [])


class TestLostAnswers:
    @pytest.mark.parametrize("kind", ["drop_after", "malformed", "empty", "html", "internal_error_after"])
    def test_a_call_that_was_executed_is_found_and_not_repeated(self, merchant: Merchant, kind: str) -> None:
        made, order = bought(merchant)
        merchant.standin.fault("graphql", kind, match="fulfillmentCreate")
        row = told(order)
        assert row is not None
        assert row.state == "unknown"
        if kind == "html":
            # This fault answers without executing.
            again(row)
        assert again(row).state == "done"
        assert len(sent(merchant, made)) == 1

    @pytest.mark.parametrize("kind", ["drop_before", "internal_error", "throttle"])
    def test_a_call_that_was_not_executed_is_made_again(self, merchant: Merchant, kind: str) -> None:
        made, order = bought(merchant)
        merchant.standin.fault("graphql", kind, match="fulfillmentCreate")
        row = told(order)
        assert row is not None
        assert row.state != "done"
        assert again(row).state == "done"
        assert len(sent(merchant, made)) == 1

    def test_between_two_locations_only_the_missing_one_is_made_again(self, merchant: Merchant) -> None:
        made, order = bought(merchant, {"location": "Berlin"}, {"location": "Paris"})
        merchant.standin.fault("graphql", "drop_after", match="fulfillmentCreate")
        row = told(order)
        assert row is not None
        assert (row.state, len(sent(merchant, made))) == ("unknown", 1)
        assert again(row).state == "done"
        assert [len(one["lines"]) for one in sent(merchant, made)] == [1, 1]

    def test_a_worker_killed_after_the_call_leaves_a_row_that_is_found_and_settled(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        row = told(order)
        assert row is not None
        WriteBack.objects.filter(pk=row.pk).update(state="calling", done_at=None, external_ids=[], due_at=clock.now())
        work_off_due()
        row.refresh_from_db()
        assert row.state == "done"
        assert len(sent(merchant, made)) == 1

    def test_a_row_held_by_another_worker_is_left_alone(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        merchant.standin.fault("graphql", "drop_before", match="OpenFulfilments")
        row = told(order)
        assert row is not None
        later = clock.now() + LEASE
        WriteBack.objects.filter(pk=row.pk).update(lease_until=later, due_at=clock.now())
        run(writeback.try_again(row.pk))
        assert sent(merchant, made) == []


class TestRefused:
    def test_lines_of_another_service_need_a_person(self, merchant: Merchant) -> None:
        _, order = bought(merchant, {"service": "Warehouse GmbH"})
        row = told(order)
        assert row is not None
        assert row.state == "failed"
        letter = DeadLetter.objects.get(kind="writeback")
        assert (letter.cause, letter.order_id) == ("writeback_external", order.pk)
        assert (letter.money_minor, letter.money_currency) == (1900, "EUR")
        assert "Warehouse GmbH" in letter.summary
        assert told(order) == row
        deadletters.perform(letter.pk, "writeback_done")
        row.refresh_from_db()
        letter.refresh_from_db()
        assert (row.state, letter.resolution) == ("done", "done by hand")

    def test_a_refused_call_is_put_before_a_person_who_may_retry(self, merchant: Merchant) -> None:
        _, order = bought(merchant)
        merchant.standin.fault("graphql", "status_before", status=404, match="fulfillmentCreate")
        row = told(order)
        assert row is not None
        letter = DeadLetter.objects.get(kind="writeback")
        assert (row.state, letter.cause) == ("failed", "writeback_refused")
        deadletters.perform(letter.pk, "writeback_retry")
        work_off("channels.write_back_again")
        row.refresh_from_db()
        letter.refresh_from_db()
        assert row.state == "done"
        assert letter.resolved_at is not None

    def test_a_blocked_shop_keeps_the_row_until_it_is_resumed(self, merchant: Merchant) -> None:
        made, order = bought(merchant)
        merchant.standin.fault("graphql", "status_before", status=402, match="fulfillmentCreate")
        row = told(order)
        assert row is not None
        assert (row.state, Shop.objects.get().state) == ("wanted", "paused")
        shops.resume_shop(row.shop_id)
        work_off_due()
        row.refresh_from_db()
        assert (row.state, len(sent(merchant, made))) == ("done", 1)
        assert DeadLetter.objects.get(kind="shop").resolution == "resumed"

    def test_many_failures_tell_a_person_and_go_on(self, merchant: Merchant) -> None:
        _, order = bought(merchant)
        merchant.standin.fault("graphql", "status_before", status=500, times=8)
        row = told(order)
        assert row is not None
        for _ in range(7):
            again(row)
        assert (row.attempts, DeadLetter.objects.get().cause) == (8, "writeback_keeps_failing")
        assert again(row).state == "done"
        assert DeadLetter.objects.get().resolved_at is not None


def test_after_removal_of_the_app_nothing_is_sent(merchant: Merchant) -> None:
    _, order = bought(merchant)
    shops.uninstall_shop(by_key("demo").pk)
    assert told(order) is None
