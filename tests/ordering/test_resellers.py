"""A reseller is taken on with everything it needs for its first test order."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from simplane.core.errors import Refusal
from simplane.ledger import queries
from simplane.ledger.models import Transaction
from simplane.ledger.verify import verify
from simplane.ops import reseller
from simplane.ordering.placing import LineWanted
from simplane.ordering.resellers import Agreed, Application, ResellerExists, apply_for_account, onboard
from simplane.organizations.models import ApiKey, Organization
from tests.ordering.place_reference import place
from tests.ordering.wholesale import Reseller, sold

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_reseller_has_a_twin_with_play_money_and_two_keys() -> None:
    made = onboard("Acme Travel", "EUR", Agreed(credit_minor=500_00, reason="known for years"))

    (live,) = queries.wallets(made.organization.pk)
    (play,) = queries.wallets(made.twin.pk)
    assert (made.organization.slug, made.twin.slug, made.twin.twin_of) == (
        "acme-travel",
        "acme-travel-test",
        made.organization,
    )
    assert (live.balance_minor, live.credit_limit_minor) == (0, 500_00)
    assert (play.balance_minor, play.credit_limit_minor) == (10_000_00, 0)
    assert made.live.secret.startswith("sk_live_")
    assert made.test.secret.startswith("sk_test_")
    assert set(Transaction.objects.values_list("ledger", flat=True)) == {"test"}
    assert verify().problems == ()


def test_its_test_key_places_an_order_at_once() -> None:
    sold("EU-5", 4_50)
    made = onboard("Acme Travel", "EUR")

    answer = place(Reseller(made.twin, made.test.secret).order(LineWanted("EU-5", 1)))

    assert (answer.code, json.loads(answer.body or "")["test"]) == ("created", True)


@pytest.mark.parametrize(("name", "currency"), [("", "EUR"), ("!!!", "EUR"), ("x" * 121, "EUR"), ("Acme", "XXQ")])
def test_what_can_not_be_taken_on_changes_nothing(name: str, currency: str) -> None:
    with pytest.raises(Refusal):
        onboard(name, currency)

    assert not Organization.objects.exists()


def test_a_name_is_taken_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert reseller.main(["create", "Acme Travel", "--json"]) == 0
    keys = json.loads(capsys.readouterr().out)
    assert reseller.main(["create", "Acme travel"]) == 1

    assert "there is an organization acme-travel" in capsys.readouterr().out
    assert ApiKey.objects.filter(prefix=keys["live_key"][:12]).count() == 1
    assert ApiKey.objects.count() == 2


def test_a_twin_takes_a_name_too() -> None:
    onboard("Foo Test", "EUR")

    with pytest.raises(ResellerExists):
        onboard("Foo", "EUR")
    applied = apply_for_account(wanted("Foo"))

    assert applied.organization.slug.startswith("foo-")
    assert applied.twin.slug == f"{applied.organization.slug}-test"
    assert Organization.objects.count() == 4


def test_of_equal_names_at_once_one_is_taken_on_and_every_applicant_gets_an_account() -> None:
    def take_on() -> str:
        try:
            return onboard("Acme Travel", "EUR").organization.slug
        except ResellerExists:
            return "exists"

    assert sorted(at_once(take_on)) == ["acme-travel", "exists", "exists", "exists"]

    slugs = at_once(lambda: apply_for_account(wanted("Bolt")).organization.slug)
    assert len(set(slugs)) == 4
    assert slugs.count("bolt") == 1


def wanted(company: str) -> Application:
    return Application(
        company=company, currency="EUR", country="DE", website="", email="a@b.example", expected_monthly=5
    )


def at_once(work: Callable[[], str]) -> list[str]:
    """What four threads get that begin together."""
    start = Barrier(4)

    def one(_: int) -> str:
        try:
            connection.ensure_connection()
            start.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(one, range(4)))
