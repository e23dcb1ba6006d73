"""Random wholesale orders come out of the fast SQL as the readable reference says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simplane.catalog.models import Quote, Tier
from simplane.core.models import AuditEntry, Event, StoredAnswer
from simplane.ledger import accounts
from simplane.ledger.models import Hold, Wallet
from simplane.ledger.verify import verify
from simplane.ordering.models import Order, OrderLine, Unit
from simplane.ordering.placing import LineWanted, OrderWanted, Placed, place_many, place_one
from tests.conftest import EMPTY
from tests.ordering.place_reference import place
from tests.ordering.wholesale import own_price, quote, reseller, sold, start_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_noon")]


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
        len(start_jobs()),
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
        cursor.execute(EMPTY)
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
