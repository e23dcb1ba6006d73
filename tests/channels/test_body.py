"""A webhook body becomes an order: the published samples, and the odd ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simplane.channels.shopify import body, facts
from simplane.channels.shopify.text import BadBody, parse
from simplane.channels.shopify.values import ShopOrder
from simplane.core import clock
from simplane.core.money import Money
from tests.channels import bodies
from tests.specs import load_spec, required_specs


def read(given: dict[str, Any]) -> ShopOrder:
    return body.read_order(parse(json.dumps(given).encode()))


def sample(name: str) -> bytes:
    return required_specs("channels", "shopify", "examples", f"{name}.body.json").read_bytes()


class TestSamples:
    def test_a_paid_order_with_an_esim_and_a_phone_case(self) -> None:
        order = body.read_order(parse(sample("orders_paid")))
        assert (order.external_id, order.name, order.paid) == ("1030447977509", "#1001", "paid")
        assert (order.total, order.shown_total) == (Money(5540, "EUR"), None)
        assert (order.email, order.customer_name, order.locale) == ("lena.fischer@example.com", "Lena Fischer", "de-DE")
        assert order.updated_at == datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
        esim, case = order.lines
        assert (esim.sku, esim.quantity, esim.current, esim.unit_price) == (bodies.SKU, 2, 2, Money(1900, "EUR"))
        assert (case.sku, case.requires_shipping) == ("CASE-15-BLK", True)
        assert order.forward
        assert not order.complete

    def test_a_created_order_is_not_paid_yet(self) -> None:
        assert body.read_order(parse(sample("orders_create"))).paid == "pending"

    def test_a_cancelled_order_moves_nothing_forward(self) -> None:
        order = body.read_order(parse(sample("orders_cancelled")))
        assert order.cancelled_at == datetime(2026, 11, 20, 10, 30, 15, tzinfo=UTC)
        assert not order.forward

    def test_a_refund_names_its_order_lines_and_money(self) -> None:
        fact = facts.refund(parse(sample("refunds_create")))
        assert (fact.order, fact.has_lines, fact.money) == ("1030447977509", True, Money(1900, "EUR"))

    def test_privacy_requests_name_the_person_and_the_orders(self) -> None:
        for name in ("customers_redact", "customers_data_request"):
            fact = facts.customer(parse(sample(name)))
            assert (fact.email, fact.orders) == ("lena.fischer@example.com", ("1030447977509",))

    @pytest.mark.parametrize("name", ["app_uninstalled", "shop_redact"])
    def test_bodies_about_the_shop_name_its_domain(self, name: str) -> None:
        assert facts.shop_domain(parse(sample(name))) == "example-shop.myshopify.com"

    def test_a_next_generation_event_names_its_order(self) -> None:
        found = load_spec("channels", "shopify", "examples", "nextgen_event_order.body.json")
        assert facts.event_order(found) == "1030447977509"


class TestMoney:
    @pytest.mark.parametrize(
        ("change", "unit_price"),
        [
            ({}, 1900),
            ({"discount_allocations": [{"amount": "3.80"}]}, 1520),
            ({"discount_allocations": [{"amount": "3.80"}, {"amount": "1.20"}]}, 1400),
            ({"total_discount": "9.00"}, 1000),
            ({"quantity": 3, "discount_allocations": [{"amount": "0.02"}]}, 1899),
            ({"price": "0.00"}, 0),
            ({"discount_allocations": [{"amount": "25.00"}]}, 0),
            ({"quantity": 0}, 1900),
        ],
    )
    def test_a_unit_costs_what_is_left_after_every_discount(self, change: dict[str, Any], unit_price: int) -> None:
        (line,) = read(bodies.order(bodies.line(**change))).lines
        assert line.unit_price == Money(unit_price, "EUR")

    def test_a_discount_that_no_line_accounts_for_is_spread_over_all(self) -> None:
        given = bodies.order(bodies.line(), bodies.line(price="31.00", sku="OTHER"), subtotal_price="25.00")
        assert [line.unit_price.minor for line in read(given).lines] == [950, 1550]

    @pytest.mark.parametrize(
        ("currency", "price", "minor"), [("JPY", "1900", 1900), ("KWD", "1.900", 1900), ("ISK", "500", 500)]
    )
    def test_currencies_without_two_decimals(self, currency: str, price: str, minor: int) -> None:
        given = bodies.order(bodies.line(price=price), currency=currency, total_price=price, subtotal_price=price)
        order = read(given)
        assert (order.total, order.lines[0].unit_price) == (Money(minor, currency), Money(minor, currency))

    def test_the_buyers_own_currency_is_kept_beside_the_shops(self) -> None:
        bag = {"presentment_money": {"amount": "20.90", "currency_code": "USD"}}
        order = read(bodies.order(total_price_set=bag))
        assert (order.total, order.shown_total) == (Money(1900, "EUR"), Money(2090, "USD"))


class TestOddOnes:
    def test_ids_beyond_32_bits_and_as_text_or_gid(self) -> None:
        for given in (1030447977509, "1030447977509", "gid://shopify/Order/1030447977509"):
            assert read(bodies.order(id=given)).external_id == "1030447977509"

    def test_a_sku_may_be_null_or_carry_blanks(self) -> None:
        given = bodies.order(bodies.line(sku=None), bodies.line(sku="  ESIM-X "))
        assert [line.sku for line in read(given).lines] == ["", "ESIM-X"]

    def test_without_an_address_the_contact_or_the_customers_is_used_and_else_none(self) -> None:
        assert read(bodies.order(email=None, contact_email="c@example.com")).email == "c@example.com"
        assert read(bodies.order(email=None)).email == "lena.fischer@example.com"
        assert read(bodies.order(email=None, customer=None)).email == ""

    @pytest.mark.parametrize(
        "told", ["foo@", "@", "a b@c.example", "a@b,c@d", "<a@b>", "a" * 400, "a@" + "b." * 200 + "example", 7]
    )
    def test_an_address_nobody_can_be_reached_at_counts_as_none(self, told: object) -> None:
        assert read(bodies.order(email=told, customer=None)).email == ""
        assert read(bodies.order(email=told)).email == "lena.fischer@example.com"

    def test_a_version_from_the_future_is_one_of_now(self) -> None:
        for told in ("9999-12-31T23:59:59Z", "2190-01-01T00:00:00+02:00"):
            assert read(bodies.order(updated_at=told)).updated_at <= clock.now() + timedelta(seconds=10)
        before = clock.now() - timedelta(hours=3)
        assert read(bodies.order(updated_at=before.isoformat())).updated_at == before

    def test_two_lines_of_one_id_are_no_order(self) -> None:
        with pytest.raises(BadBody, match="two lines have the same id"):
            read(bodies.order(bodies.line(id=7), bodies.line(id=8), bodies.line(id=7)))

    def test_names_stay_as_they_were_written_but_for_what_no_database_holds(self) -> None:
        person = {"first_name": "Zoë 🚀", "last_name": "\u202eÇelik\x00\ud800"}
        assert read(bodies.order(customer=person)).customer_name == "Zoë 🚀 \u202eÇelik?"

    @pytest.mark.parametrize("line", [{"gift_card": True}, {"tip": {"payment_gateway": "x"}, "title": "Tip"}])
    def test_gift_cards_and_tips_are_never_esims(self, line: dict[str, Any]) -> None:
        assert read(bodies.order(bodies.line(sku=None, **line))).lines[0].is_extra

    def test_a_removed_unit_is_told_by_the_current_quantity(self) -> None:
        order = read(bodies.order(bodies.line(quantity=3, current_quantity=1)))
        assert (order.lines[0].quantity, order.lines[0].current, order.forward) == (3, 1, False)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"id": None},
            {"id": True},
            {"currency": "XX1"},
            {"total_price": "much"},
            {"total_price": None},
            {"financial_status": "delighted"},
            {"updated_at": "yesterday"},
            {"line_items": [1]},
            {"line_items": [{"id": 1, "price": "1.00", "quantity": -1}]},
            {"line_items": [{"id": 1, "price": "1.00", "quantity": 10**9}]},
            {"line_items": [{"id": 1, "price": "NaN", "quantity": 1}]},
        ],
    )
    def test_a_body_without_sense_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(BadBody):
            read(bodies.order() | wrong)

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"[1]",
            b"null",
            b'{"a": NaN}',
            b"\xff\xfe{}",
            "{}".encode("utf-16"),
            b"[" * 200_000,
            b'{"a":' * 9999,
        ],
    )
    def test_what_is_no_json_object_is_refused(self, raw: bytes) -> None:
        with pytest.raises(BadBody):
            parse(raw)

    @pytest.mark.parametrize(
        ("read_fact", "fitting"),
        [(facts.refund, "refunds_create"), (facts.customer, "customers_redact")],
    )
    def test_a_body_signed_for_one_topic_is_not_taken_for_another(self, read_fact: Any, fitting: str) -> None:
        read_fact(parse(sample(fitting)))
        for other in ("orders_paid", "shop_redact"):
            with pytest.raises(BadBody):
                read_fact(parse(sample(other)))
