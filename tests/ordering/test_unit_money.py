"""What becomes of a unit's money: earned when its eSIM is bought, given back when none is kept."""

from __future__ import annotations

import pytest

from simplane.catalog.models import Price
from simplane.core import clock, deadletters
from simplane.core.errors import Refusal
from simplane.core.models import DeadLetter, Event
from simplane.delivery.models import InstallLink
from simplane.ledger import queries
from simplane.ledger.chart import Kind
from simplane.ledger.models import Hold, Ledger, Transaction, Wallet
from simplane.ledger.values import AccountRef
from simplane.ledger.verify import verify
from simplane.lines import service
from simplane.lines.models import Line
from simplane.ordering.actions import NotNow, ask_back, cancel_unit, compensate, retry_unit
from simplane.ordering.models import Compensation, Unit
from simplane.ordering.placing import LineWanted
from simplane.suppliers.models import Supplier
from tests.ledger.money import fresh
from tests.ordering.place_reference import place
from tests.ordering.turns import do
from tests.ordering.wholesale import Reseller, reseller
from tests.world import World, states

pytestmark = pytest.mark.slow
COST = AccountRef(Kind.COST, "USD", subject="esimgo")
FLOAT = AccountRef(Kind.SUPPLIER_FLOAT, "USD", subject="esimgo")


def sales(book: str, currency: str = "EUR") -> int:
    return queries.balance(AccountRef(Kind.SALES, currency, subject=book))


def refunds(book: str) -> int:
    return queries.balance(AccountRef(Kind.REFUNDS, "EUR", subject=book))


def charged(world: World) -> int:
    """By the supplier's own books."""
    return sum(order["charged_minor"] for order in world.go.books()["orders"])


def priced(world: World, minor: int = 4_50) -> None:
    world.only(world.esimgo)
    Price.objects.create(product=world.product, currency="EUR", amount_minor=minor, valid_from=clock.now())


def order(world: World, who: Reseller, quantity: int = 1, **given: object) -> None:
    assert place(who.order(LineWanted(world.product.sku, quantity), **given)).code == "created"


def wallet_of(who: Reseller) -> Wallet:
    return fresh(Wallet.objects.get(organization=who.organization))


def test_a_bought_unit_captures_its_part_of_the_hold_and_books_its_cost(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who, 2)
    world.work()

    hold = Hold.objects.get()
    assert states() == ["delivered", "delivered"]
    assert world.mails() == []
    assert (hold.state, hold.remaining_minor, hold.captured_minor) == ("spent", 0, 9_00)
    assert (wallet_of(who).balance_minor, sales("wholesale")) == (11_00, 9_00)
    assert (queries.balance(COST), queries.balance(FLOAT)) == (charged(world), -charged(world))
    assert verify().problems == ()


def test_a_recipient_gets_the_mail(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who, email="ann@buyer.example", name="Ann")
    world.work()

    (mail,) = world.mails()
    assert mail["to"] == ["ann@buyer.example"]
    assert sales("wholesale") == 4_50


def test_what_is_never_bought_is_released(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    Supplier.objects.update(active=False)
    order(world, who, 2)
    world.work()
    assert states() == ["dead", "dead"]
    first, second = Unit.objects.order_by("pk")

    cancel_unit(first.pk, "no supplier")
    assert (wallet_of(who).balance_minor, Hold.objects.get().remaining_minor) == (15_50, 4_50)
    cancel_unit(second.pk, "no supplier")

    assert (wallet_of(who).balance_minor, sales("wholesale")) == (20_00, 0)
    assert verify().problems == ()


def test_a_unit_given_up_is_tried_again_only_while_the_wallet_covers_it(world: World) -> None:
    priced(world)
    who = reseller(4_50)
    Supplier.objects.update(active=False)
    order(world, who)
    world.work()
    unit = Unit.objects.get()
    cancel_unit(unit.pk, "no supplier")
    order(world, who)

    with pytest.raises(Refusal, match="needed"):
        retry_unit(unit.pk)
    cancel_unit(Unit.objects.latest("pk").pk, "not wanted")
    retry_unit(unit.pk)
    Supplier.objects.filter(pk=world.esimgo.pk).update(active=True)
    world.work()

    unit.refresh_from_db()
    assert unit.state == "delivered"
    assert (wallet_of(who).balance_minor, sales("wholesale")) == (0, 4_50)
    assert verify().problems == ()


def test_an_esim_given_back_is_refunded_and_its_cost_recovered(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who)
    world.work()
    cancel_unit(Unit.objects.get().pk, "bought by mistake")
    world.work(until=("failed",))

    assert (wallet_of(who).balance_minor, sales("wholesale"), refunds("wholesale")) == (20_00, 4_50, 4_50)
    assert (queries.balance(COST), queries.balance(FLOAT)) == (0, 0)
    assert verify().problems == ()


def test_a_reseller_gets_back_what_the_supplier_takes_back_and_keeps_the_rest(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who, 3)
    world.work()
    fresh_one, used_one, lost_one = Unit.objects.order_by("pk")
    Line.objects.filter(unit_id=used_one.pk).update(installed_at=clock.now())
    tokens = {unit.pk: str(InstallLink.objects.get(unit_id=unit.pk).token) for unit in (fresh_one, used_one)}
    for unit in (fresh_one, used_one):
        ask_back(unit.pk, "not wanted")
    world.work(until=("delivered", "cancelled"))
    world.work(until=("delivered", "cancelled"))

    assert states() == ["cancelled", "delivered", "delivered"]
    assert (wallet_of(who).balance_minor, refunds("wholesale")) == (11_00, 4_50)
    live = InstallLink.objects.filter(revoked_at__isnull=True)
    assert not live.filter(token=tokens[fresh_one.pk]).exists()
    assert live.filter(token=tokens[used_one.pk]).exists()
    with pytest.raises(NotNow, match="the profile is installed"):
        ask_back(used_one.pk, "please")
    cancel_unit(lost_one.pk, "goodwill")
    world.work(until=("delivered", "cancelled", "failed"))
    assert states() == ["cancelled", "delivered", "failed"]
    assert verify().problems == ()


def test_an_esim_that_was_ended_stays_sold_for_its_supplier_gives_nothing_back(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who)
    world.work()
    unit = Unit.objects.get()
    assert unit.line_id is not None
    service.terminate(unit.line_id, reason="not needed")

    ask_back(unit.pk, "not wanted")
    world.work()

    kept = Compensation.objects.get()
    assert (states(), kept.state, kept.recovered_minor) == (["delivered"], "loss", 0)
    assert (wallet_of(who).balance_minor, refunds("wholesale")) == (15_50, 0)
    assert verify().problems == ()


@pytest.mark.parametrize(
    ("decision", "state", "balance"), [("pay_back", "cancelled", 20_00), ("keep_sold", "delivered", 15_50)]
)
def test_what_is_taken_back_without_its_money_waits_for_a_person(
    world: World, decision: str, state: str, balance: int
) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who)
    world.work()
    world.go.fault("refund", "status_before", status=403, times=-1)

    ask_back(Unit.objects.get().pk, "not wanted")
    for _ in range(8):
        Compensation.objects.filter(state="open").update(due_at=clock.now(), lease_until=None)
        do(compensate(Compensation.objects.get().pk))

    assert Compensation.objects.get().state == "open"
    letter = DeadLetter.objects.get(kind="compensation")
    assert letter.cause == "return_stuck"
    assert (states(), wallet_of(who).balance_minor) == (["delivered"], 15_50)

    with pytest.raises(Refusal, match="reason"):
        deadletters.perform(letter.pk, decision)
    deadletters.perform(letter.pk, decision, reason="a good customer")
    letter.refresh_from_db()
    told = Event.objects.filter(name="ReturnRefused").count()
    assert (states(), wallet_of(who).balance_minor, told) == ([state], balance, int(decision == "keep_sold"))
    assert (letter.resolved_at is None, Compensation.objects.get().state) == (False, "loss")
    assert verify().problems == ()
    with pytest.raises(Refusal, match="closed"):
        deadletters.perform(letter.pk, decision, reason="again")


@pytest.mark.parametrize(("email", "mails"), [("", 0), ("ann@buyer.example", 1)])
def test_what_was_bought_against_a_cancel_and_not_taken_back_is_handed_over(
    world: World, email: str, mails: int
) -> None:
    priced(world)
    who = reseller(20_00)
    world.go.settings(refunds_enabled=False)
    world.go.fault("order", "drop_after", times=2)
    order(world, who, email=email)
    world.work(until=("unknown",))
    ask_back(Unit.objects.get().pk, "too late")
    world.later(70)

    world.work(until=("delivered",))

    assert (states(), len(world.mails())) == (["delivered"], mails)
    assert Unit.objects.get().cancel_wanted == ""
    assert InstallLink.objects.filter(unit_id=Unit.objects.get().pk, revoked_at=None).count() == 1
    assert (wallet_of(who).balance_minor, Hold.objects.get().captured_minor) == (15_50, 4_50)


def test_a_reseller_cancels_what_is_not_bought_at_once(world: World) -> None:
    priced(world)
    who = reseller(20_00)
    order(world, who)

    ask_back(Unit.objects.get().pk, "mistake")

    assert (states(), wallet_of(who).balance_minor) == (["cancelled"], 20_00)
    with pytest.raises(NotNow):
        ask_back(Unit.objects.get().pk, "again")
    assert verify().problems == ()


def test_a_retail_sale_is_money_the_shop_owes_us(world: World) -> None:
    world.only(world.esimgo)
    bought = world.buy(2)
    world.work()

    clearing = AccountRef(Kind.CLEARING, "EUR", subject=bought.account)
    total = sum(Unit.objects.values_list("price_minor", flat=True))
    assert (sales("retail"), queries.balance(clearing), queries.balance(COST)) == (total, total, charged(world))
    assert verify().problems == ()


def test_a_retail_test_order_is_play_money(world: World) -> None:
    Supplier.objects.update(is_stand_in=True)
    world.only(world.esimgo)
    world.buy(is_test=True)
    world.work()

    assert states() == ["delivered"]
    assert set(Transaction.objects.values_list("ledger", flat=True)) == {Ledger.TEST}
