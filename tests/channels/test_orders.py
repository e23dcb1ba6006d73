"""Which lines of an order are ours, and what is held for a person: one row an odd order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from simplane.channels import skus
from simplane.channels.models import Shop
from simplane.channels.shopify import body, orders
from simplane.channels.shopify.text import parse
from simplane.channels.shops import ShopRef, by_key
from simplane.channels.values import ShopSettings, parse_settings
from simplane.ordering.values import IncomingOrder
from tests import factories
from tests.channels import bodies

ESIM: dict[str, Any] = {}
CASE = {"sku": "CASE", "requires_shipping": True}
KNOWN_CASE = {"sku": "STICKER", "requires_shipping": False}
BY_VARIANT = {"sku": None, "variant_id": 77}


@pytest.fixture
def demo(db: None) -> Shop:
    made = factories.shop(key="demo")
    product = factories.product(sku=bodies.SKU)
    factories.channel_sku(shop=made, sku=bodies.SKU, product=product)
    factories.channel_sku(shop=made, sku="", variant="77", product=product)
    factories.channel_sku(shop=made, sku="STICKER", product=None)
    return made


def taken(ref: ShopRef, given: dict[str, Any]) -> IncomingOrder:
    order = body.read_order(parse(json.dumps(given).encode()))
    return orders.incoming(ref, order, orders.meanings(ref, order), source="webhook")


@dataclass(frozen=True)
class Odd:
    """An order, and what must come of it."""

    name: str
    lines: list[dict[str, Any]]
    kinds: list[str]
    hold: str = ""
    order: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    paid: str = "paid"


ODD = [
    Odd("plain", [ESIM], ["esim"]),
    Odd("mixed cart", [ESIM, CASE], ["esim", "not_ours"]),
    Odd("only goods", [CASE], ["not_ours"]),
    Odd("known and not ours", [KNOWN_CASE, ESIM], ["not_ours", "esim"]),
    Odd("unknown, not shipped", [{"sku": "WHO-KNOWS"}], ["needs_mapping"]),
    Odd("unknown, shipped", [{"sku": "WHO-KNOWS", "requires_shipping": True}], ["not_ours"]),
    Odd("no sku, known variant", [BY_VARIANT], ["esim"]),
    Odd("no sku, unknown variant", [{"sku": "", "variant_id": 78}], ["needs_mapping"]),
    Odd("custom line", [{"sku": None, "variant_id": None, "product_id": None}], ["needs_mapping"]),
    Odd("gift card", [{"sku": "GIFT", "gift_card": True}, ESIM], ["not_ours", "esim"]),
    Odd("tip", [{"sku": None, "variant_id": None, "product_id": None, "title": "Tip"}, ESIM], ["not_ours", "esim"]),
    Odd("blanks in the sku", [{"sku": f" {bodies.SKU} "}], ["esim"]),
    Odd("free order", [{"price": "0.00"}], ["esim"]),
    Odd("free, not allowed", [{"price": "0.00"}], ["esim"], orders.FREE_ORDER, settings={"free_orders": False}),
    Odd("no address", [ESIM], ["esim"], orders.NO_ADDRESS, order={"email": None, "customer": None}),
    Odd("only half an address", [ESIM], ["esim"], orders.NO_ADDRESS, order={"email": "foo@", "customer": None}),
    Odd(
        "paid in part",
        [ESIM],
        ["esim"],
        orders.PARTLY_PAID,
        order={"financial_status": "partially_paid"},
        paid="partly_paid",
    ),
    Odd(
        "paid in part, served",
        [ESIM],
        ["esim"],
        order={"financial_status": "partially_paid"},
        settings={"partly_paid": "serve"},
    ),
    Odd("authorized only", [ESIM], ["esim"], order={"financial_status": "authorized"}, paid="authorized"),
    Odd("far too many", [{"quantity": 51}], ["esim"], orders.MANY_UNITS),
    Odd("many, allowed", [{"quantity": 51}], ["esim"], settings={"hold_above_units": 100}),
    Odd("many cases", [{"quantity": 500, **CASE}, ESIM], ["not_ours", "esim"]),
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_an_odd_order_is_taken_in_sensibly(demo: Shop, odd: Odd) -> None:
    demo.settings = odd.settings
    demo.save()
    found = taken(by_key("demo"), bodies.order(*(bodies.line(**one) for one in odd.lines), **odd.order))
    assert [line.kind for line in found.lines] == odd.kinds
    assert [line.product_id is not None for line in found.lines] == [kind == "esim" for kind in odd.kinds]
    assert (found.hold_reason, found.paid) == (odd.hold, odd.paid)


def test_the_shops_language_speaks_when_the_buyers_is_not_told(demo: Shop) -> None:
    demo.settings = {"locale": "de"}
    demo.save()
    ref = by_key("demo")
    assert taken(ref, bodies.order(customer_locale=None)).locale == "de"
    assert taken(ref, bodies.order(customer_locale="fr-CA")).locale == "fr-CA"


def test_an_unknown_sku_is_looked_up_anew_before_it_counts_as_unknown(demo: Shop) -> None:
    ref = by_key("demo")
    given = bodies.order(bodies.line(sku="NEW"))
    assert taken(ref, given).lines[0].kind == "needs_mapping"
    factories.channel_sku(shop=demo, sku="NEW", product=factories.product())
    assert taken(ref, given).lines[0].kind == "esim"
    assert skus.of_shop(demo.pk).meaning("NEW", "") is not None


class TestSettings:
    def test_nothing_set_is_complete(self) -> None:
        assert parse_settings({}) == ShopSettings()
        assert parse_settings(ShopSettings(late_refund="do").as_json()).late_refund == "do"

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"colour": "red"}, "colour"),
            ({"test_orders": "buy"}, "stand_in, ignore"),
            ({"free_orders": "yes"}, "bool"),
            ({"hold_above_units": True}, "int"),
            ({"hold_above_units": 0}, "1 or more"),
        ],
    )
    def test_a_wrong_setting_is_refused_by_name(self, wrong: dict[str, Any], says: str) -> None:
        from simplane.channels.errors import BadShopSettings

        with pytest.raises(BadShopSettings, match=says):
            parse_settings(wrong)
