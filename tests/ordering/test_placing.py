"""Wholesale orders: the fast SQL, alone and in batches, decides as the readable reference does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simplane.catalog.models import Price, Product, Quote, Terms, Tier, WholesalePrice
from simplane.core import clock, jobs
from simplane.core.batches import Again
from simplane.core.db import transaction
from simplane.core.models import AuditEntry, Event, StoredAnswer
from simplane.ledger import accounts
from simplane.ledger.actions import open_wallet, set_credit_limit
from simplane.ledger.models import Entry, Hold, Wallet
from simplane.ledger.verify import verify
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.placing import LineWanted, OrderWanted, Placed, place_many, place_one
from simplane.organizations.keys import SCOPES, create_key, hash_of
from simplane.organizations.models import ApiKey, Organization
from tests import factories
from tests.ledger.money import funded
from tests.ordering.place_reference import place

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_numbers = count(1)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def database() -> Any:
    with psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1) as made:
        yield made


@dataclass
class Reseller:
    """One reseller with a key, and how to ask for an order with it."""

    organization: Organization
    secret: str

    def order(self, *lines: LineWanted, **given: Any) -> OrderWanted:
        number = next(_numbers)
        fields: dict[str, Any] = {
            "key_hash": hash_of(self.secret),
            "address": "203.0.113.7",
            "idempotency_key": f"key-{number}",
            "request_hash": hashlib.sha256(str(lines).encode()).digest(),
            "public_id": f"ord_{number:022d}",
            "lines": lines or (LineWanted("EU-5", 1),),
            "request_id": f"req-{number}",
        }
        return OrderWanted(**fields | given)


def reseller(minor: int = 100_00, *, credit: int = 0, tier: Tier | None = None, **given: Any) -> Reseller:
    owner = factories.organization(kind="reseller", **given)
    Terms.objects.create(organization=owner, currency="EUR", tier=tier, max_order_minor=500_00)
    wallet = funded(minor, owner=owner) if minor else _empty(owner)
    if credit:
        with transaction():
            set_credit_limit(wallet, credit, reason="known")
    return Reseller(owner, create_key(owner, "shop").secret)


def _empty(owner: Organization) -> Wallet:
    with transaction():
        return open_wallet(owner, "EUR")


def sold(sku: str = "EU-5", minor: int | None = 4_50, **given: Any) -> Product:
    product = factories.product(sku=sku, name=f"Plan {sku}", **given)
    if minor is not None:
        Price.objects.create(product=product, currency="EUR", amount_minor=minor, valid_from=NOW - DAY)
    return product


def own_price(product: Product, minor: int, **given: Any) -> WholesalePrice:
    fields: dict[str, Any] = {
        "product": product, "currency": "EUR", "amount_minor": minor, "valid_from": NOW - DAY, "proposed_by": "me",
        "approved_by": "you", "approved_at": NOW - DAY,
    }  # fmt: skip
    return WholesalePrice.objects.create(**fields | given)


def quote(owner: Organization, product: Product, minor: int, quantity: int = 1, **given: Any) -> Quote:
    fields: dict[str, Any] = {
        "public_id": f"quo_{next(_numbers)}", "organization": owner, "product": product, "quantity": quantity,
        "currency": "EUR", "amount_minor": minor, "created_at": NOW, "expires_at": NOW + DAY,
    }  # fmt: skip
    return Quote.objects.create(**fields | given)


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
    assert _jobs() == [{"order_id": order.pk}]
    assert verify().problems == ()


def _unit(asked: OrderWanted, number: int) -> str:
    return f"unt_{asked.public_id[4:]}-{number}"


def _jobs() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args - '_rid' FROM procrastinate_jobs WHERE task_name = 'ordering.start' ORDER BY id")
        return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]


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
    _empty(twin)
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


class World:
    """Two resellers with random prices, made once a way, so that each way starts from the same."""

    def __init__(self, money: Sequence[int], credit: Sequence[int]) -> None:
        tier = Tier.objects.create(name="Gold", min_monthly_units=1)
        self.products = [sold("A", 3_00), sold("B", 1_01), sold("C", None), sold("D", 2_00, active=False)]
        self.resellers = [reseller(money[0], credit=credit[0], tier=tier), reseller(money[1], credit=credit[1])]
        own_price(self.products[1], 99, tier=tier)
        own_price(self.products[0], 2_50, organization=self.resellers[1].organization)
        self.quotes = [
            quote(self.resellers[0].organization, self.products[0], 2_00, n, public_id=f"quo_{n}") for n in (1, 2)
        ]

    def order(self, ask: Ask, number: int) -> OrderWanted:
        lines = tuple(
            LineWanted("ABCDX"[sku], quantity, most, self.quotes[which].public_id if which is not None else None)
            for sku, quantity, most, which in ask.lines
        )
        return self.resellers[ask.who].order(
            *lines, idempotency_key=f"k{ask.key}", reference=f"r{ask.reference}" if ask.reference is not None else None,
            public_id=f"ord_{number:022d}", request_id=f"req-{number}", email=f"{ask.key % 3}@buyer.example",
            request_hash=repr((ask.lines, ask.reference)).encode(),
        )  # fmt: skip


@dataclass(frozen=True)
class Ask:
    who: int
    key: int
    reference: int | None
    lines: tuple[tuple[int, int, int | None, int | None], ...]


line_asks = st.tuples(
    st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4]),
    st.integers(1, 4),
    st.none() | st.sampled_from([2_00, 3_00]),
    st.none() | st.none() | st.none() | st.sampled_from([0, 1]),
)
asks = st.builds(
    Ask,
    who=st.integers(0, 1),
    key=st.integers(0, 30),
    reference=st.none() | st.integers(0, 8),
    lines=st.lists(line_asks, min_size=1, max_size=3).map(tuple),
)


def outcome(answers: Iterable[Placed]) -> list[tuple[Any, ...]]:
    return [(one.code, one.status, json.loads(one.body) if one.body else None, one.detail) for one in answers]


def books() -> list[Any]:
    """All that was written, without the numbers that differ between runs."""
    return [
        list(Wallet.objects.order_by("pk").values_list("balance_minor", flat=True)),
        sorted(Hold.objects.values_list("key", "amount_minor", "remaining_minor", "state", "subject")),
        sorted(
            Order.objects.values_list("public_id", "external_id", "total_minor", "customer__email", "clock_next_at")
        ),
        sorted(OrderLine.objects.values_list("order__public_id", "external_id", "sku", "title", "quantity", "wanted")),
        sorted(
            Unit.objects.values_list("public_id", "external_order", "external_line", "index", "price_minor", "due_at")
        ),
        sorted(Quote.objects.filter(used_at__isnull=False).values_list("amount_minor", "quantity")),
        sorted(
            (one.key, one.status, json.loads(one.body)["status" if one.status == 402 else "id"]) for one in _stored()
        ),
        sorted(Event.objects.values_list("name", flat=True)),
        sorted(AuditEntry.objects.filter(action="order.placed").values_list("entity_id", "after__total_minor")),
        len(_jobs()),
    ]


def _stored() -> list[StoredAnswer]:
    return list(StoredAnswer.objects.all())


def _one_after_the_other(database: Any, orders: Sequence[OrderWanted]) -> dict[int, Placed]:
    return {number: place_one(database, order) for number, order in enumerate(orders)}


def _in_batches(database: Any, orders: Sequence[OrderWanted]) -> dict[int, Placed]:
    """As the batcher does: what is undecided goes into the next batch.

    The answers come in the order that explains them: what a batch refuses was judged before anything of it was spent.
    """
    answers: dict[int, Placed] = {}
    while waiting := [number for number in range(len(orders)) if number not in answers]:
        found = place_many(database, [orders[number] for number in waiting])
        decided = {number: one for number, one in zip(waiting, found, strict=True) if isinstance(one, Placed)}
        assert decided
        answers |= dict(sorted(decided.items(), key=lambda one: one[1].code == "created"))
    return answers


def _from_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE organizations_organization, catalog_product, catalog_tier CASCADE")
        cursor.execute(
            "TRUNCATE core_storedanswer, core_event, core_auditentry, core_ratelimit, ledger_seal, ledger_transaction CASCADE"
        )
        cursor.execute("DELETE FROM procrastinate_jobs")
    accounts.forget()


@pytest.mark.parametrize("way", [_one_after_the_other, _in_batches])
@given(
    money=st.tuples(st.integers(0, 20_00), st.integers(0, 20_00)),
    credit=st.tuples(st.sampled_from([0, 0, 5_00]), st.sampled_from([0, 0, 5_00])),
    wanted=st.lists(asks, min_size=1, max_size=10),
)
@settings(
    max_examples=40,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_random_orders_come_out_as_the_reference_says(
    database: Any,
    way: Callable[[Any, Sequence[OrderWanted]], dict[int, Placed]],
    money: tuple[int, int],
    credit: tuple[int, int],
    wanted: list[Ask],
) -> None:
    _from_nothing()
    world = World(money, credit)
    answers = way(database, [world.order(ask, number) for number, ask in enumerate(wanted)])
    written = books()
    assert verify().problems == ()

    _from_nothing()
    world = World(money, credit)
    expected = {number: place(world.order(wanted[number], number)) for number in answers}

    assert outcome(answers.values()) == outcome(expected.values())
    assert written == books()
