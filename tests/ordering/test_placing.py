"""Wholesale orders: the fast SQL, alone and in batches, decides as the readable reference does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from simplane.catalog.models import Quote, Tier
from simplane.core import clock
from simplane.core.batches import Again
from simplane.core.db import transaction
from simplane.core.models import AuditEntry, Event, StoredAnswer
from simplane.ledger.actions import set_credit_limit
from simplane.ledger.models import Entry, Hold, Wallet
from simplane.ledger.verify import verify
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.placing import LineWanted, OrderWanted, Placed, place_many, place_one
from simplane.organizations.keys import SCOPES, create_key
from simplane.organizations.models import ApiKey, Organization
from tests import factories
from tests.ordering.place_reference import place
from tests.ordering.wholesale import DAY, NOW, Reseller, empty_wallet, own_price, quote, reseller, sold, start_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_noon")]
Way = Callable[[Any, OrderWanted], Placed]


def by_batch(database: Any, order: OrderWanted) -> Placed:
    (answer,) = place_many(database, [order])
    assert isinstance(answer, Placed)
    return answer


def by_reference(database: Any, order: OrderWanted) -> Placed:
    del database
    return place(order)


ways = pytest.mark.parametrize("way", [place_one, by_batch, by_reference])


def everything() -> tuple[int, ...]:
    tables = (Order, OrderLine, Unit, Customer, Hold, Entry, StoredAnswer, Event)
    return tuple(table.objects.count() for table in tables)


@ways
def test_an_order_is_written_with_all_that_belongs_to_it(database: Any, way: Way) -> None:
    sold("EU-5", 4_50)
    sold("US-1", 3_00)
    who = reseller(20_00)
    asked = who.order(LineWanted("EU-5", 2), LineWanted("US-1", 3, 3_00), reference="PO-7", email="ann@buyer.example")

    answer = way(database, asked)

    told = json.loads(answer.body or "")
    assert (answer.code, answer.status) == ("created", 201)
    assert told == {
        "id": asked.public_id, "object": "order", "reference": "PO-7", "state": "open", "test": False, "currency": "EUR",
        "total_minor": 18_00, "created_at": "2026-11-20T12:00:00.000Z",
        "lines": [
            {"sku": "EU-5", "quantity": 2, "unit_price_minor": 4_50, "units": [_unit(asked, 1), _unit(asked, 2)]},
            {"sku": "US-1", "quantity": 3, "unit_price_minor": 3_00, "units": [_unit(asked, n) for n in (3, 4, 5)]},
        ],
    }  # fmt: skip
    order = Order.objects.get()
    assert (order.public_id, order.book, order.account) == (asked.public_id, "wholesale", who.organization.slug)
    assert (order.customer.email, order.state, order.total_minor) == ("ann@buyer.example", "open", 18_00)
    assert list(order.units.order_by("pk").values_list("external_line", "index", "price_minor", "state")) == [
        ("1", 0, 4_50, "waiting"), ("1", 1, 4_50, "waiting"),
        ("2", 0, 3_00, "waiting"), ("2", 1, 3_00, "waiting"), ("2", 2, 3_00, "waiting"),
    ]  # fmt: skip
    assert Wallet.objects.get().balance_minor == 2_00
    assert Hold.objects.values_list("key", "remaining_minor", "state").get() == (asked.public_id, 18_00, "open")
    assert list(Event.objects.order_by("pk").values_list("name", flat=True)) == ["OrderReceived", "UnitsOwed"]
    assert AuditEntry.objects.filter(action="order.placed", entity_id=asked.public_id).count() == 1
    assert start_jobs() == [{"order_id": order.pk}]
    assert verify().problems == ()


def _unit(asked: OrderWanted, number: int) -> str:
    return f"unt_{asked.public_id[4:]}-{number}"


@ways
def test_the_same_key_is_answered_with_the_first_answer(database: Any, way: Way) -> None:
    sold()
    who = reseller()
    asked = who.order()
    first = way(database, asked)
    before = everything()

    again = way(database, replace(asked, public_id="ord_another", request_id="req-other"))
    other = way(database, replace(asked, public_id="ord_another", request_hash=b"other"))

    assert (again.code, again.status, again.body) == ("replayed", 201, first.body)
    assert (other.code, other.body) == ("key_reused", None)
    assert everything() == before


@ways
def test_too_little_money_is_answered_the_same_for_ever(database: Any, way: Way) -> None:
    sold()
    who = reseller(4_49)
    asked = who.order()
    first = way(database, asked)

    told = json.loads(first.body or "")
    assert (first.code, first.status) == ("insufficient_funds", 402)
    assert (told["needed_minor"], told["available_minor"], told["request_id"]) == (4_50, 4_49, asked.request_id)
    assert (Order.objects.count(), Hold.objects.count(), Wallet.objects.get().balance_minor) == (0, 0, 4_49)
    assert way(database, asked) == replace(first, code="replayed")


@ways
def test_credit_is_spent_like_money_and_no_further(database: Any, way: Way) -> None:
    sold()
    who = reseller(0, credit=9_00)

    codes = [way(database, who.order()).code for _ in range(3)]

    assert codes == ["created", "created", "insufficient_funds"]
    assert Wallet.objects.get().balance_minor == -9_00


@ways
def test_the_customers_price_goes_before_its_tiers_and_that_before_the_list(database: Any, way: Way) -> None:
    gold = Tier.objects.create(name="Gold", min_monthly_units=100)
    who = reseller(tier=gold)
    product = sold("EU-5", 4_50)
    prices = []
    for minor, scope in ((4_00, {"tier": gold}), (3_50, {"organization": who.organization})):
        prices.append(_paid(way(database, who.order())))
        own_price(product, minor, **scope)
    prices.append(_paid(way(database, who.order())))

    assert prices == [4_50, 4_00, 3_50]


@ways
def test_a_price_counts_only_in_its_time_and_when_approved(database: Any, way: Way) -> None:
    who = reseller()
    product = sold("EU-5", 4_50)
    mine = {"organization": who.organization}
    own_price(product, 1, **mine, valid_from=NOW + DAY)
    own_price(product, 2, **mine, valid_from=NOW - 2 * DAY, valid_until=NOW)
    own_price(product, 3, **mine, valid_from=NOW - 3 * DAY, approved_by="", approved_at=None)
    own_price(product, 4, **mine, currency="USD")
    own_price(product, 5, organization=factories.organization(kind="reseller"))

    assert _paid(way(database, who.order())) == 4_50


def _paid(answer: Placed) -> int:
    price: int = json.loads(answer.body or "")["lines"][0]["unit_price_minor"]
    return price


@ways
def test_a_quote_is_honoured_once(database: Any, way: Way) -> None:
    who = reseller()
    product = sold("EU-5", 4_50)
    promised = quote(who.organization, product, 4_00)
    line = LineWanted("EU-5", 1, quote=promised.public_id)

    first, second = way(database, who.order(line)), way(database, who.order(line))

    assert (_paid(first), second.code) == (4_00, "quote_used")
    assert Quote.objects.get().used_at == NOW


@ways
def test_a_quote_that_does_not_hold_is_refused(database: Any, way: Way) -> None:
    who, product, other = reseller(), sold("EU-5"), sold("US-1")
    mine = who.organization
    found = {
        "quote_expired": quote(mine, product, 1, expires_at=NOW),
        "quote_quantity": quote(mine, product, 1, quantity=2),
        "unknown_quote": quote(mine, other, 1),
    }
    foreign = quote(factories.organization(kind="reseller"), product, 1)
    before = everything()

    for code, one in found.items():
        assert way(database, who.order(LineWanted("EU-5", 1, quote=one.public_id))).code == code
    assert way(database, who.order(LineWanted("EU-5", 1, quote=foreign.public_id))).code == "unknown_quote"
    assert everything() == before


@ways
def test_what_can_not_be_sold_is_named_and_changes_nothing(database: Any, way: Way) -> None:
    sold("EU-5", 4_50)
    sold("US-1", None)
    sold("OLD", 1_00, active=False)
    who = reseller(600_00)
    before = everything()

    nothing = who.order(LineWanted("EU-5", 1), LineWanted("NO", 1), LineWanted("OLD", 2))
    assert way(database, nothing) == Placed("unknown_sku", detail={"skus": ["NO", "OLD"]})
    assert way(database, who.order(LineWanted("US-1", 1))) == Placed(
        "no_price", detail={"skus": ["US-1"], "currency": "EUR"}
    )
    dear = Placed(
        "price_above_max",
        detail={"lines": [{"sku": "EU-5", "price_minor": 4_50, "max_price_minor": 4_49}], "currency": "EUR"},
    )
    assert way(database, who.order(LineWanted("EU-5", 1, 4_49))) == dear
    assert way(database, who.order(LineWanted("EU-5", 112))) == Placed(
        "order_too_large", detail={"total_minor": 504_00, "most_minor": 500_00}
    )
    assert everything() == before


@ways
def test_a_reference_names_one_order(database: Any, way: Way) -> None:
    sold()
    who, other = reseller(), reseller()

    codes = [way(database, one.order(reference="PO-7")).code for one in (who, who, other)]

    assert codes == ["created", "reference_taken", "created"]


@ways
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revoked_at": NOW}, "unauthorized"),
        ({"expires_at": NOW}, "unauthorized"),
        ({"scopes": [one for one in SCOPES if one != "orders:write"]}, "missing_scope"),
        ({"allowed_networks": ["198.51.100.0/24", "2001:db8::/32"]}, "wrong_network"),
    ],
)
def test_a_key_that_may_not_is_refused(database: Any, way: Way, change: dict[str, Any], code: str) -> None:
    sold()
    who = reseller()
    ApiKey.objects.update(**change)
    before = everything()

    assert way(database, who.order()) == Placed(code)
    assert everything() == before


@ways
def test_an_unknown_key_and_a_suspended_account_are_refused(database: Any, way: Way) -> None:
    sold()
    who = reseller()
    assert way(database, replace(who.order(), key_hash=b"nobody")) == Placed("unauthorized")

    Organization.objects.update(state="suspended")
    assert way(database, who.order()) == Placed("account_suspended")
    assert not Order.objects.exists()


@ways
def test_a_key_works_from_its_networks(database: Any, way: Way) -> None:
    sold()
    who = reseller()
    ApiKey.objects.update(allowed_networks=["198.51.100.0/24", "203.0.113.0/24"])

    assert way(database, who.order()).code == "created"


@ways
def test_a_test_twin_pays_the_live_prices_with_play_money(database: Any, way: Way) -> None:
    product = sold("EU-5", 4_50)
    live = reseller(0)
    own_price(product, 3_00, organization=live.organization)
    twin = factories.organization(kind="reseller", is_test=True, twin_of=live.organization)
    empty_wallet(twin)
    with transaction():
        set_credit_limit(Wallet.objects.get(organization=twin), 10_00, reason="play money")
    acting = Reseller(twin, create_key(twin, "test").secret)

    answer = way(database, acting.order())

    assert acting.secret.startswith("sk_test_")
    assert (_paid(answer), json.loads(answer.body or "")["test"]) == (3_00, True)
    assert Order.objects.get().is_test
    assert Wallet.objects.get(organization=twin).balance_minor == -3_00
    assert verify().problems == ()


@ways
def test_a_free_order_moves_no_money(database: Any, way: Way) -> None:
    sold("EU-5", 0)
    who = reseller(0)

    assert way(database, who.order()).code == "created"
    assert (Hold.objects.count(), Entry.objects.count(), Unit.objects.count()) == (0, 0, 1)


@pytest.mark.parametrize("way", [place_one, by_batch])
def test_a_key_asks_as_often_as_it_may(database: Any, way: Way) -> None:
    sold()
    who = reseller()
    ApiKey.objects.update(rate_per_minute=20)  # two at once

    codes = [way(database, who.order()).code for _ in range(4)]

    assert codes == ["created", "created", "rate_limited", "rate_limited"]


@pytest.mark.parametrize("way", [place_one, by_batch])
def test_the_last_use_of_a_key_is_known_to_the_minute(database: Any, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    sold()
    who = reseller()
    seen = []
    for seconds in (0, 59, 61):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: NOW + timedelta(seconds=seconds))
        way(database, who.order())
        seen.append(ApiKey.objects.get().last_used_at)

    assert seen == [NOW, NOW, NOW + timedelta(seconds=61)]


def test_orders_of_a_batch_do_not_spoil_each_other(database: Any) -> None:
    sold("EU-5", 4_50)
    rich, poor = reseller(9_00), reseller(1)
    orders = [
        rich.order(),
        poor.order(),
        rich.order(LineWanted("NO", 1)),
        rich.order(LineWanted("EU-5", 3)),
        rich.order(),
        rich.order(),
    ]

    answers = place_many(database, orders)

    assert [_code(one) for one in answers] == [
        "created", "insufficient_funds", "unknown_sku", "insufficient_funds", "created", "again",
    ]  # fmt: skip
    assert _code(place_many(database, orders[5:])[0]) == "insufficient_funds"
    assert verify().problems == ()


def _code(answer: Placed | Again) -> str:
    return "again" if isinstance(answer, Again) else answer.code
