"""Setting prices: who may, below which margin a second person looks, and what stays as history."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from simplane.catalog import prices
from simplane.catalog.errors import BadPrice, StaleDecision, UnknownScope
from simplane.catalog.markup import markup
from simplane.catalog.models import ExchangeRate, MarkupRule, Price, PriceProposal, Product, Terms, Tier, WholesalePrice
from simplane.catalog.prices import NewPrice
from simplane.catalog.scopes import LIST, Scope, find_scope
from simplane.catalog.wholesale import effective_price
from simplane.core import clock, context
from simplane.core.errors import BadInput, Refusal
from simplane.core.foureyes import SecondPersonNeeded
from simplane.core.models import AuditEntry
from simplane.core.money import Money
from simplane.routing import pricing
from simplane.routing.facts import Request, facts_of, look
from simplane.routing.rank import rank
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@contextmanager
def _as(number: int) -> Iterator[None]:
    with context.acting(f"user:{number} someone{number}@simplane.example"):
        yield


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


def _product(cost: int = 3_00, least: int = 1_00) -> Product:
    """Bought for `cost` (or dearer elsewhere); should leave `least`."""
    product = factories.product(min_margin_minor=least)
    factories.match(product=product, offer=factories.offer(cost_minor=cost, currency="EUR"))
    factories.match(product=product, offer=factories.offer(cost_minor=cost * 2, currency="EUR"))
    return product


def _customer() -> Scope:
    owner = factories.organization(kind="reseller")
    Terms.objects.create(organization=owner, currency="EUR", tier=Tier.objects.first())
    return Scope(organization=owner)


def _pays(scope: Scope, product: Product) -> tuple[int, str] | None:
    assert scope.organization is not None
    found = effective_price(scope.organization, product)
    return (found.price.minor, found.source) if found else None


def _winner_at(product: Product, minor: int) -> bool:
    """Whether routing buys for this price."""
    ranking = rank(facts_of(look(product), Request(price=_eur(minor))))
    return bool(ranking.verdicts) and ranking.verdicts[0].verdict == "chosen"


def test_a_price_above_the_margin_holds_at_once_and_the_one_before_stays_as_history() -> None:
    gold = Scope(tier=Tier.objects.create(name="Gold", min_monthly_units=100))
    scope, product = _customer(), _product()
    with _as(1):
        for one, minor in ((LIST, 9_00), (gold, 6_00), (scope, 5_00), (scope, 4_50)):
            done = pricing.set_prices([NewPrice(product=product, scope=one, price=_eur(minor), reason="year 2")])
            assert (done.done, done.waiting) == (1, 0)

    assert _pays(scope, product) == (4_50, "customer")
    rows = WholesalePrice.objects.filter(organization=scope.organization).order_by("valid_from")
    assert [(row.amount_minor, row.approved_by[:6], row.valid_until) for row in rows] == [
        (5_00, "user:1", None),
        (4_50, "user:1", None),
    ]
    assert Price.objects.get().set_by.startswith("user:1")
    note = AuditEntry.objects.latest("pk")
    assert (note.before, note.reason) == ({"price": "5.00 EUR"}, "year 2")

    with _as(1):
        prices.end_price(rows[1].pk, reason="over")
        prices.end_price(rows[0].pk, reason="over")

    assert _pays(scope, product) == (6_00, "tier")


def test_a_price_below_the_margin_waits_for_another_person() -> None:
    scope, product = _customer(), _product(cost=3_00, least=1_00)
    wanted = NewPrice(product=product, scope=scope, price=_eur(3_50), reason="to win the tender")
    with _as(1):
        assert pricing.set_prices([wanted]).waiting == 1
        waiting = PriceProposal.objects.get()
        with pytest.raises(SecondPersonNeeded, match="yourself"):
            pricing.decide(waiting.pk, approve=True, reason="fine")
    with pytest.raises(SecondPersonNeeded, match="no person"):
        pricing.decide(waiting.pk, approve=True, reason="fine")
    with _as(2), pytest.raises(BadInput, match="reason"):
        pricing.decide(waiting.pk, approve=True, reason=" ")

    assert _pays(scope, product) is None
    assert (waiting.left_minor, waiting.least_minor, waiting.state) == (50, 1_00, "waiting")

    with _as(2):
        pricing.decide(waiting.pk, approve=True, reason="strategic")
        with pytest.raises(StaleDecision):
            pricing.decide(waiting.pk, approve=False, reason="no")

    row = WholesalePrice.objects.get()
    assert _pays(scope, product) == (3_50, "customer")
    assert [_winner_at(product, minor) for minor in (3_49, 3_50, 4_00)] == [False, True, True]
    assert (row.floor_minor, row.proposed_by[:6], row.approved_by[:6]) == (50, "user:1", "user:2")
    assert row.reason == "to win the tender; approved: strategic"
    with pytest.raises(IntegrityError):
        PriceProposal.objects.update(decided_by=waiting.proposed_by)


def test_a_declined_price_never_holds_and_its_proposer_may_withdraw_it() -> None:
    scope, product = _customer(), _product()
    with _as(1):
        pricing.set_prices([NewPrice(product=product, scope=scope, price=_eur(1), reason="x")])
        pricing.decide(PriceProposal.objects.get().pk, approve=False, reason="a slip")

    assert not WholesalePrice.objects.exists()
    assert PriceProposal.objects.get().decision == "a slip"


def test_a_newer_price_replaces_a_proposal_that_waits() -> None:
    scope, product = _customer(), _product()
    with _as(1):
        for minor in (3_10, 3_20, 8_00):
            pricing.set_prices([NewPrice(product=product, scope=scope, price=_eur(minor), reason="try")])

    assert [one.state for one in PriceProposal.objects.order_by("pk")] == ["declined", "declined"]
    assert _pays(scope, product) == (8_00, "customer")


def test_proposals_from_different_days_wait_beside_each_other() -> None:
    scope, product = _customer(), _product()
    later = clock.now() + DAY
    news = [
        NewPrice(product=product, scope=scope, price=_eur(3_20), valid_until=later, reason="until then"),
        NewPrice(product=product, scope=scope, price=_eur(3_10), valid_from=later, reason="from then"),
    ]
    with _as(1):
        assert pricing.set_prices(news).waiting == 2

    assert PriceProposal.objects.filter(state="waiting").count() == 2


def test_of_two_who_approve_at_once_one_does() -> None:
    scope, product = _customer(), _product()
    with _as(1):
        pricing.set_prices([NewPrice(product=product, scope=scope, price=_eur(3_10), reason="r")])
    waiting = PriceProposal.objects.get().pk

    def approve(number: int) -> bool:
        try:
            with _as(number):
                pricing.decide(waiting, approve=True, reason="yes")
        except StaleDecision:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(approve, range(2, 6))) == [False, False, False, True]
    assert WholesalePrice.objects.count() == 1


def test_an_approved_price_begins_no_earlier_than_its_approval_and_not_after_its_end(settings: Settings) -> None:
    scope, product = _customer(), _product()
    until = clock.now() + DAY
    with _as(1):
        wanted = NewPrice(product=product, scope=scope, price=_eur(1), valid_until=until, reason="x")
        pricing.set_prices([wanted])
    proposal = PriceProposal.objects.get()
    today = settings.SIMPLANE
    settings.SIMPLANE = today.model_copy(update={"clock_shift_seconds": 2 * 86_400})
    with _as(2), pytest.raises(StaleDecision):
        pricing.decide(proposal.pk, approve=True, reason="yes")
    settings.SIMPLANE = today
    with _as(2):
        pricing.decide(proposal.pk, approve=True, reason="yes")

    row = WholesalePrice.objects.get()
    assert row.valid_from >= proposal.proposed_at
    assert row.valid_until == until


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": _eur(-1)},
        {"price": _eur(10**13)},
        {"valid_until": clock.now() - DAY},
        {"valid_from": clock.now() - 3 * DAY},
        {"valid_from": clock.now() + 2 * DAY, "valid_until": clock.now() + DAY},
        {"price": _eur(1), "reason": ""},
    ],
)
def test_one_price_that_can_not_be_lets_none_be(wrong: dict[str, object]) -> None:
    scope, good, bad = _customer(), _product(), _product()
    fields: dict[str, object] = {"product": bad, "scope": scope, "price": _eur(9_00), "reason": "r"}

    with _as(1), pytest.raises(Refusal):
        pricing.set_prices(
            [NewPrice(product=good, scope=scope, price=_eur(9_00)), NewPrice(**fields | wrong)]  # type: ignore[arg-type]
        )

    assert not WholesalePrice.objects.exists()
    assert not AuditEntry.objects.exists()


def test_margins_count_the_exchange_and_no_offer_means_no_guard() -> None:
    ExchangeRate.objects.create(base="USD", quote="EUR", rate=Decimal("0.9"), valid_from=clock.now() - DAY)
    dollars, nothing = factories.product(min_margin_minor=100), factories.product(min_margin_minor=100)
    supplier = factories.supplier(handling_minor=10)
    factories.match(product=dollars, offer=factories.offer(supplier=supplier, cost_minor=4_00, currency="USD"))
    off = factories.offer(supplier=factories.supplier(active=False), cost_minor=1, currency="EUR")
    factories.match(product=dollars, offer=off)

    judged = pricing.judge([NewPrice(product=one, scope=LIST, price=_eur(4_69)) for one in (dollars, nothing)])

    assert [(one.cost, one.left, one.percent, one.needs_approval) for one in judged] == [
        (_eur(3_70), _eur(99), 21, True),
        (None, None, None, False),
    ]


def test_a_rule_proposes_prices_and_the_next_rule_ends_it() -> None:
    scope, product = Scope(tier=Tier.objects.create(name="Silver", min_monthly_units=10)), _product(cost=3_10)
    factories.product()
    with _as(1):
        prices.set_markup(scope, markup("EUR", Decimal(10)))
        rule = prices.set_markup(scope, markup("EUR", Decimal(30), "0.50", "x.90"), reason="new year")
        made = pricing.prices_by_rule(rule)
        done = pricing.set_prices(made)
        again = pricing.set_prices(pricing.prices_by_rule(rule))

    assert [(one.product, one.price) for one in made] == [(product, _eur(4_90))]
    assert (str(done), again.unchanged) == ("1 price set", 1)
    assert [one.valid_until is None for one in MarkupRule.objects.order_by("pk")] == [False, True]
    assert AuditEntry.objects.filter(action="markup.set").latest("pk").before == {"rule": "cost + 10 %"}


def test_many_prices_are_judged_in_as_many_queries_as_few() -> None:
    scope = _customer()

    def counted(products: list[Product]) -> int:
        news = [NewPrice(product=one, scope=scope, price=_eur(9_00)) for one in products]
        with CaptureQueriesContext(connection) as queries:
            pricing.judge(news)
        return len(queries)

    assert counted([_product()]) == counted([_product() for _ in range(5)])


@pytest.mark.parametrize("name", ["", "lists", "tier:None", "customer:nobody", "gold", "list:all"])
def test_a_scope_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownScope):
        find_scope(name)


def test_scopes_are_found_by_the_name_they_print() -> None:
    scope = _customer()
    tier = Scope(tier=Tier.objects.create(name="Gold", min_monthly_units=1))

    assert [find_scope(one.key) for one in (LIST, tier, scope)] == [LIST, tier, scope]
    with pytest.raises(BadPrice):
        prices.set_markup(LIST, markup("EUR", Decimal(1)))
