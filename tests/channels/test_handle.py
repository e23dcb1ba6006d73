"""Working on stored webhooks: what moves an order forward, what waits for a read, and what a person must see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simplane.channels import shops
from simplane.channels.models import ChannelSku, Shop
from simplane.channels.shopify import handle
from simplane.channels.shopify.orders import NO_ADDRESS
from simplane.core import clock, inbox
from simplane.core.jobs import Temporary
from simplane.core.models import DeadLetter, InboxMessage
from simplane.ordering.models import Order
from tests import factories
from tests.channels import bodies
from tests.channels.helpers import Merchant, handled, order_of, queued, told, units_of, work_off


@pytest.mark.usefixtures("esim")
class TestForward:
    """Bodies that only add what is owed are believed; nothing is asked at the shop."""

    def test_a_paid_order_is_issued_from_its_body(self, merchant: Merchant) -> None:
        body = bodies.order(bodies.line(quantity=2), bodies.line(sku="CASE", requires_shipping=True))
        message = told("orders/paid", body)
        assert message.state == "done"
        order = order_of(message)
        assert (order.state, order.account, order.source_message_id) == ("open", "demo", message.pk)
        assert len(units_of(body["id"])) == 2
        assert merchant.standin.journal() == []

    def test_created_and_paid_in_any_order_and_twice_make_one_order(self) -> None:
        created = bodies.order(financial_status="pending")
        paid = created | {"financial_status": "paid"}
        for topic, body in [("orders/create", created), ("orders/paid", paid)] * 2:
            told(topic, body)
        other = bodies.order(financial_status="pending")
        for topic, body in [("orders/paid", other | {"financial_status": "paid"}), ("orders/create", other)]:
            told(topic, body)
        assert Order.objects.filter(state="open").count() == 2
        assert len(units_of(created["id"])) == len(units_of(other["id"])) == 1

    def test_a_free_order_is_issued_when_it_is_created(self) -> None:
        body = bodies.order(bodies.line(price="0.00"))
        told("orders/create", body)
        assert len(units_of(body["id"])) == 1

    def test_an_unpaid_order_waits(self) -> None:
        for status in ("pending", "authorized"):
            body = bodies.order(financial_status=status)
            message = told("orders/create", body)
            assert order_of(message).state == "awaiting_payment"
            assert units_of(body["id"]) == []

    def test_an_echo_of_what_we_know_changes_nothing(self) -> None:
        body = bodies.order()
        told("orders/paid", body)
        later = (clock.now() + timedelta(minutes=1)).isoformat()
        message = told("orders/updated", body | {"updated_at": later, "tags": "esim"})
        assert (message.state, message.problem) == ("ignored", "nothing new")
        assert queued("channels.read_order") == []

    def test_nothing_is_bought_for_an_address_nobody_can_be_reached_at(self) -> None:
        body = bodies.order(email="foo@", customer=None)
        order = order_of(told("orders/paid", body))
        assert (order.state, order.hold_reason) == ("held", NO_ADDRESS)
        assert units_of(body["id"]) == []

    def test_an_older_message_changes_nothing(self) -> None:
        body = bodies.order(bodies.line(quantity=2))
        told("orders/paid", body)
        older = (clock.now() - timedelta(hours=2)).isoformat()
        line = body["line_items"][0] | {"current_quantity": 1}
        message = told("orders/updated", body | {"updated_at": older, "line_items": [line]})
        assert (message.state, message.problem) == ("ignored", "nothing new")

    @pytest.mark.parametrize(
        "line",
        [{"sku": "CASE", "requires_shipping": True}, {"sku": "GIFT", "gift_card": True}],
        ids=["case", "gift card"],
    )
    def test_an_order_without_anything_of_ours_is_not_kept(self, line: dict[str, Any]) -> None:
        message = told("orders/paid", bodies.order(bodies.line(**line)))
        assert (message.state, message.problem) == ("ignored", "nothing of ours in this order")
        assert not Order.objects.exists()

    def test_an_order_cancelled_before_it_was_paid_is_not_kept(self) -> None:
        now = clock.now().isoformat()
        message = told("orders/cancelled", bodies.order(financial_status="voided", cancelled_at=now))
        assert message.problem == "cancelled before it was paid"
        assert not Order.objects.exists()

    def test_an_unknown_sku_asks_a_person_and_the_rest_goes_on(self) -> None:
        body = bodies.order(bodies.line(), bodies.line(sku="ESIM-MARS"))
        told("orders/paid", body)
        assert len(units_of(body["id"])) == 1
        assert DeadLetter.objects.get(kind="order_line").cause == "sku_unknown"


@pytest.mark.usefixtures("esim")
class TestTestOrders:
    def test_are_taken_in_as_such(self) -> None:
        message = told("orders/paid", bodies.order(test=True))
        assert order_of(message).is_test

    def test_are_ignored_when_the_shop_says_so(self, shop: Shop) -> None:
        shop.settings = {"test_orders": "ignore"}
        shop.save()
        assert told("orders/paid", bodies.order(test=True)).state == "ignored"
        assert not Order.objects.exists()


@pytest.mark.usefixtures("esim")
class TestTakenBack:
    """What takes something back is read at the shop first."""

    def sold(self, merchant: Merchant, *lines: dict[str, Any], **order: Any) -> dict[str, Any]:
        made = merchant.sells(*lines, **order)
        self.tell("orders/paid", made)
        assert units_of(made["order_id"])
        return made

    def tell(self, topic: str, made: dict[str, Any], **change: Any) -> InboxMessage:
        """The body of a message about this order of the stand-in, as it stood when it was paid, with changes."""
        lines = [
            bodies.line(id=line["id"], sku=line["sku"], quantity=line["quantity"], current_quantity=line["current"])
            for line in made["lines"]
        ]
        body = bodies.order(*lines, id=made["order_id"], name=made["reference"])
        return handled(bodies.message(topic, body | change))

    def test_a_cancelled_order_gives_its_units_back(self, merchant: Merchant) -> None:
        made = self.sold(merchant, {"quantity": 2})
        merchant.does("cancel", made)
        message = self.tell("orders/cancelled", made, cancelled_at=clock.now().isoformat())
        assert message.state == "done"
        assert Order.objects.get().state == "cancelled"
        assert {unit.state for unit in units_of(made["order_id"])} == {"cancelled"}

    def test_a_forged_topic_does_nothing_because_the_shop_says_otherwise(self, merchant: Merchant) -> None:
        made = self.sold(merchant)
        message = self.tell("orders/cancelled", made)
        assert (message.state, Order.objects.get().state) == ("ignored", "open")
        message = self.tell("orders/cancelled", made, cancelled_at=clock.now().isoformat())
        assert (message.state, Order.objects.get().state) == ("done", "open")

    def test_a_cancel_waits_while_the_shop_can_not_be_read(self, merchant: Merchant) -> None:
        made = self.sold(merchant)
        merchant.does("cancel", made)
        merchant.standin.fault("graphql", "drop_before", times=-1)
        message = bodies.message(
            "orders/cancelled", bodies.order(id=made["order_id"], cancelled_at=clock.now().isoformat())
        )
        inbox.handle_message(message.pk)
        with pytest.raises(Temporary, match="can not be read"):
            work_off("channels.read_order")
        inbox.replay(message.pk)
        inbox.handle_message(message.pk)
        message.refresh_from_db()
        assert message.state == "failed"
        assert message.due_at is not None
        assert Order.objects.get().state == "open"

    def test_a_resumed_shop_works_off_what_waited(self, merchant: Merchant, shop: Shop) -> None:
        made = self.sold(merchant)
        merchant.does("cancel", made)
        shops.pause_shop(shop.pk, "the shop is frozen (402)")
        gone = bodies.order(id=made["order_id"], cancelled_at=clock.now().isoformat())
        message = bodies.message("orders/cancelled", gone, state="failed", due_at=None)
        shops.resume_shop(shop.pk)
        assert queued("channels.reconcile") == [{"shop_id": shop.pk, "kind": "recent"}]
        assert work_off("core.handle_message") == 1
        work_off("channels.read_order")
        inbox.replay(message.pk)
        inbox.handle_message(message.pk)
        message.refresh_from_db()
        assert (message.state, Order.objects.get().state) == ("done", "cancelled")

    def test_several_messages_wait_for_one_read(self, merchant: Merchant) -> None:
        made = self.sold(merchant)
        merchant.does("cancel", made)
        cancelled = bodies.order(id=made["order_id"], cancelled_at=clock.now().isoformat())
        messages = [bodies.message("orders/cancelled", cancelled), bodies.message("orders/updated", cancelled)]
        for message in messages:
            inbox.handle_message(message.pk)
        assert len(queued("channels.read_order")) == 1
        work_off("channels.read_order")
        for message in messages:
            inbox.replay(message.pk)
            inbox.handle_message(message.pk)
            message.refresh_from_db()
        assert messages[0].state == "done"

    def test_a_partial_refund_takes_back_that_many_units(self, merchant: Merchant) -> None:
        made = self.sold(merchant, {"quantity": 3})
        merchant.does("refund", made, lines={str(made["lines"][0]["id"]): 1})
        message = handled(bodies.message("refunds/create", refund_body(made, lines=1)))
        assert message.state == "done"
        states = sorted(unit.state for unit in units_of(made["order_id"]))
        assert states == ["refunded", "waiting", "waiting"]
        assert Order.objects.get().refunded_minor == 1900

    def test_a_refund_that_comes_before_the_order_is_not_overtaken_by_it(self, merchant: Merchant) -> None:
        made = merchant.sells()
        stale = bodies.order(
            bodies.line(id=made["lines"][0]["id"]),
            id=made["order_id"],
            updated_at=(clock.now() - timedelta(seconds=5)).isoformat(),
        )
        merchant.does("refund", made, full=True)
        assert handled(bodies.message("refunds/create", refund_body(made, lines=1))).state == "done"
        assert told("orders/paid", stale).problem == "nothing new"
        assert units_of(made["order_id"]) == []

    def test_money_back_without_an_item_touches_no_unit_and_asks_a_person(self, merchant: Merchant) -> None:
        made = self.sold(merchant)
        merchant.does("refund", made, amount="5.00")
        handled(bodies.message("refunds/create", refund_body(made, lines=0, amount="5.00")))
        letter = DeadLetter.objects.get(kind="order")
        assert (letter.cause, letter.money_minor) == ("refund_without_units", 500)
        assert [unit.state for unit in units_of(made["order_id"])] == ["waiting"]

    def test_an_edit_that_adds_an_esim_owes_it_when_it_is_paid(self, merchant: Merchant) -> None:
        made = self.sold(merchant)
        edited = {"order_edit": {"order_id": made["order_id"]}}
        merchant.does("edit", made, **{"raise": {str(made["lines"][0]["id"]): 1}}, add=[{"sku": bodies.SKU}])
        handled(bodies.message("orders/edited", edited))
        assert len(units_of(made["order_id"])) == 1
        merchant.does("pay", made)
        handled(bodies.message("orders/edited", edited))
        assert len(units_of(made["order_id"])) == 3

    def test_an_edit_that_removes_one_gives_it_back(self, merchant: Merchant) -> None:
        made = self.sold(merchant, {"quantity": 2})
        merchant.does("edit", made, remove={str(made["lines"][0]["id"]): 1})
        handled(bodies.message("orders/edited", {"order_edit": {"order_id": made["order_id"]}}))
        assert sorted(unit.state for unit in units_of(made["order_id"])) == ["refunded", "waiting"]

    def test_a_next_generation_event_is_a_hint_to_read(self, merchant: Merchant) -> None:
        made = merchant.sells()
        event = {
            "topic": "Order",
            "action": "update",
            "data": {"order": {"id": f"gid://shopify/Order/{made['order_id']}"}},
        }
        assert handled(bodies.message("Order/update", event)).state == "done"
        assert len(units_of(made["order_id"])) == 1

    def test_an_order_the_shop_does_not_show_goes_before_a_person(self) -> None:
        message = handled(bodies.message("orders/edited", {"order_edit": {"order_id": 4711}}))
        assert message.state == "flagged"
        assert "no such order" in message.problem


def refund_body(made: dict[str, Any], *, lines: int, amount: str = "19.00") -> dict[str, Any]:
    items = [{"line_item_id": made["lines"][0]["id"], "quantity": lines}] if lines else []
    money = {"kind": "refund", "amount": amount, "currency": "EUR"}
    return {"id": 1, "order_id": made["order_id"], "refund_line_items": items, "transactions": [money]}


@pytest.mark.usefixtures("shop")
class TestTheShopItself:
    def test_a_removed_app_stops_all_calls_and_keeps_the_data(self, shop: Shop) -> None:
        order = factories.order(account="demo")
        waiting = factories.write_back(order=order, shop=shop, state="wanted", due_at=clock.now())
        told("app/uninstalled", {"id": 1, "myshopify_domain": shop.domain})
        shop.refresh_from_db()
        waiting.refresh_from_db()
        assert (shop.state, shop.access_token) == ("uninstalled", None)
        assert (waiting.state, waiting.due_at) == ("failed", None)
        assert DeadLetter.objects.get(kind="shop").cause == "shop_uninstalled"
        assert Order.objects.filter(pk=order.pk).exists()

    def test_a_late_message_does_not_remove_an_app_that_is_installed_again(self, shop: Shop) -> None:
        factories.audit_entry(action="shop.resumed", entity="shop", entity_id="demo")
        before = (clock.now() - timedelta(hours=1)).isoformat()
        told("app/uninstalled", {"myshopify_domain": shop.domain}, headers={"x-shopify-triggered-at": before})
        shop.refresh_from_db()
        assert shop.state == "active"

    def test_a_body_about_another_shop_is_flagged(self, shop: Shop) -> None:
        assert told("app/uninstalled", {"myshopify_domain": "other.myshopify.com"}).state == "flagged"
        shop.refresh_from_db()
        assert shop.state == "active"

    def test_after_removal_what_needs_a_read_goes_before_a_person(self) -> None:
        Shop.objects.update(state="uninstalled")
        assert told("orders/edited", {"order_edit": {"order_id": 1}}).state == "flagged"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/delicious", {"id": 1}),
        ("orders/paid", b"\xff\xfe"),
        ("orders/paid", b"[" * 100_000),
        ("orders/paid", b"{}"),
        ("refunds/create", {"id": 1, "line_items": []}),
        ("disputes/create", {"id": 1, "order_id": 2}),
        ("customers/redact", {"id": 1}),
    ],
)
def test_what_nobody_understands_is_flagged_and_changes_nothing(topic: str, body: Any) -> None:
    message = told(topic, body)
    assert message.state == "flagged"
    assert not Order.objects.exists()
    assert ChannelSku.objects.count() == 0


def test_every_subscribed_topic_is_handled() -> None:
    assert set(handle.SUBSCRIBED) <= set(handle.TOPICS)
