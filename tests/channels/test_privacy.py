"""What shops ask us to show or erase: the person goes, the books stay."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from simplane.channels import privacy
from simplane.channels.models import Shop
from simplane.channels.shopify import body as order_body
from simplane.channels.shopify.text import parse
from simplane.core import clock, inbox
from simplane.core.models import AuditEntry, DeadLetter, InboxMessage
from simplane.ordering.models import Customer, Order
from tests import factories
from tests.channels import bodies
from tests.channels.helpers import work_off
from tests.specs import required_specs

LENA = "lena.fischer@example.com"


def request(topic: str, *order_ids: int, email: str = LENA, **more: Any) -> InboxMessage:
    """A privacy message, worked on with its job."""
    name = "orders_requested" if topic.endswith("data_request") else "orders_to_redact"
    body = {"shop_domain": "demo-shop.myshopify.com", "customer": {"id": 1, "email": email}, name: list(order_ids)}
    message = bodies.message(topic, body | more)
    inbox.handle_message(message.pk)
    work_off("channels.redact")
    message.refresh_from_db()
    return message


def bought(shop: Shop, email: str = LENA, **given: Any) -> tuple[dict[str, Any], Order, InboxMessage]:
    """A served order with the message it came from."""
    address = {"first_name": "Lena", "name": "Lena Fischer", "address1": "x"}
    person = {"first_name": "Lena", "last_name": "Fischer", "email": email}
    body = bodies.order(email=email, customer=person, billing_address=address)
    customer, _ = Customer.objects.get_or_create(
        organization=shop.organization, email=email, defaults={"name": "Lena", "created_at": shop.created_at}
    )
    fields = {"account": "demo", "external_id": str(body["id"]), "state": "done", "customer": customer} | given
    return body, factories.order(**fields), bodies.message("orders/paid", body, state="done", due_at=None)


class TestDataRequest:
    @pytest.mark.usefixtures("shop")
    def test_goes_before_a_person_with_thirty_days(self) -> None:
        message = request("customers/data_request", 11, 12, data_request={"id": 9999})
        assert message.state == "done"
        letter = DeadLetter.objects.get(kind="privacy")
        assert (letter.subject_id, letter.cause) == ("demo:9999", "privacy_data_request")
        assert letter.detail["orders"] == ["11", "12"]
        assert clock.parse_time(letter.detail["due"]) - message.received_at == timedelta(days=30)

    @pytest.mark.usefixtures("shop")
    def test_keeps_no_address_of_who_was_erased_meanwhile(self) -> None:
        request("customers/data_request", 11, data_request={"id": 1})
        request("customers/data_request", 12, email="ben@example.com", data_request={"id": 2})
        request("customers/redact", 11, email=LENA.upper())
        kept = dict(DeadLetter.objects.filter(kind="privacy").values_list("subject_id", "detail__email"))
        assert kept == {"demo:1": privacy.ERASED, "demo:2": "ben@example.com"}


class TestRedactCustomer:
    def test_leaves_a_message_about_an_order_whose_number_only_begins_so(self, shop: Shop) -> None:
        body, _, other = bought(shop, email="ben@example.com")
        request("customers/redact", int(str(body["id"])[:-1]))
        other.refresh_from_db()
        assert b"ben@example.com" in bytes(other.body)

    def test_erases_the_person_here_and_in_every_stored_message(self, shop: Shop) -> None:
        body, order, message = bought(shop)
        refund = bodies.message(
            "refunds/create", {"id": 5, "order_id": body["id"], "note": "Lena called"}, state="done"
        )
        other = bought(shop, email="ben@example.com")[2]
        asked = request("customers/redact", body["id"])
        for row in (message, refund, asked, other):
            row.refresh_from_db()
        for row in (message, refund, asked):
            assert not any(word in bytes(row.body) for word in (b"Lena", b"Fischer", LENA.encode()))
        assert b"ben@example.com" in bytes(other.body)
        order.customer.refresh_from_db()
        assert order.customer.email == f"redacted:{order.customer.pk}"
        assert (order.customer.name, asked.state) == ("", "done")
        assert AuditEntry.objects.filter(action="customer.messages_redacted").count() == 1

    def test_keeps_amounts_and_ids_so_that_the_message_can_be_replayed(self, shop: Shop) -> None:
        body, _, message = bought(shop)
        request("customers/redact", body["id"])
        message.refresh_from_db()
        kept = order_body.read_order(parse(bytes(message.body)))
        before = order_body.read_order(parse(json.dumps(body).encode()))
        assert (kept.external_id, kept.total, kept.lines) == (before.external_id, before.total, before.lines)
        assert (kept.email, kept.customer_name) == ("", "")

    def test_is_safe_to_repeat(self, shop: Shop) -> None:
        body, _, message = bought(shop)
        asked = request("customers/redact", body["id"])
        message.refresh_from_db()
        once = bytes(message.body)
        inbox.replay(asked.pk)
        inbox.handle_message(asked.pk)
        work_off("channels.redact")
        message.refresh_from_db()
        assert bytes(message.body) == once

    def test_waits_for_a_person_while_an_order_is_being_served(self, shop: Shop) -> None:
        body, order, _ = bought(shop, state="open")
        asked = request("customers/redact", body["id"])
        assert asked.state == "flagged"
        assert order.name in asked.problem
        order.customer.refresh_from_db()
        assert order.customer.email == LENA


class TestAPersonWhoBoughtElsewhereToo:
    def test_stays_known_there_and_is_erased_here(self, shop: Shop) -> None:
        _, here, message = bought(shop)
        there = factories.order(account="another", state="open", customer=here.customer)
        waiting = factories.message(order_id=there.pk, to=LENA, state="queued", due_at=clock.now(), sent_at=None)
        sent = factories.message(order_id=here.pk, to=LENA)
        asked = request("customers/redact", int(here.external_id))
        for row in (here, there, message, waiting, sent):
            row.refresh_from_db()
        assert asked.state == "done"
        assert (there.customer.email, waiting.to, waiting.state) == (LENA, LENA, "queued")
        assert (here.customer.email, here.customer.name) == (f"redacted:{here.customer.pk}", "")
        assert here.customer.redacted_at is not None
        assert (sent.to, LENA.encode() in bytes(message.body)) == ("", False)

    def test_asked_again_nothing_more_is_erased(self, shop: Shop) -> None:
        _, here, _ = bought(shop)
        there = factories.order(account="another", customer=here.customer)
        for _ in range(2):
            request("customers/redact", int(here.external_id))
        there.refresh_from_db()
        assert (there.customer.email, Customer.objects.count()) == (LENA, 2)

    def test_stays_known_when_the_whole_shop_is_erased(self, shop: Shop) -> None:
        _, here, _ = bought(shop)
        there = factories.order(account="another", state="open", customer=here.customer)
        Shop.objects.update(state="uninstalled")
        assert request("shop/redact").state == "done"
        for row in (here, there):
            row.refresh_from_db()
        assert (there.customer.email, here.customer.email) == (LENA, f"redacted:{here.customer.pk}")


class TestRedactShop:
    def test_erases_everybody_after_the_app_was_removed(self, shop: Shop) -> None:
        messages = [bought(shop)[2], bought(shop, email="ben@example.com")[2]]
        elsewhere = factories.order(account="another")
        Shop.objects.update(state="uninstalled")
        request("shop/redact")
        for message in messages:
            message.refresh_from_db()
            assert b"example.com" not in bytes(message.body)
        assert Customer.objects.filter(redacted_at__isnull=False).count() == 2
        elsewhere.customer.refresh_from_db()
        assert elsewhere.customer.redacted_at is None

    def test_waits_for_a_person_while_an_order_is_being_served(self, shop: Shop) -> None:
        _, order, _ = bought(shop, state="open")
        Shop.objects.update(state="uninstalled")
        asked = request("shop/redact")
        assert asked.state == "flagged"
        assert order.name in asked.problem
        order.customer.refresh_from_db()
        assert order.customer.email == LENA

    def test_is_not_believed_while_the_app_is_installed(self, shop: Shop) -> None:
        _, order, _ = bought(shop)
        assert request("shop/redact").state == "flagged"
        order.customer.refresh_from_db()
        assert order.customer.email == LENA


@pytest.mark.parametrize(
    "name",
    ["orders_create", "orders_paid", "orders_cancelled", "refunds_create", "customers_redact", "app_uninstalled"],
)
def test_nothing_personal_is_left_of_the_published_samples(name: str) -> None:
    raw = required_specs("channels", "shopify", "examples", f"{name}.body.json").read_bytes()
    left = privacy.redacted_body(raw)
    personal = (b"lena", b"Lena", b"Fischer", b"owner@", b"Invalidenstra", b"203.0.113.10", b"Mozilla", b"10115")
    assert [word for word in personal if word in left] == []
    assert privacy.redacted_body(left) == left


def test_a_body_that_is_no_json_is_erased_whole() -> None:
    assert json.loads(privacy.redacted_body(b"\xff Lena Fischer")) == {"redacted": "erased on request"}
