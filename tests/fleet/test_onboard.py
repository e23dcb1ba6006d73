"""A company is taken on with one command; what can not be is refused and leaves nothing behind."""

from __future__ import annotations

import json

import pytest

from simplane.catalog.models import Terms
from simplane.core import tenancy
from simplane.fleet.models import Plan
from simplane.ledger.models import Wallet
from simplane.ops import company
from simplane.organizations.models import Organization
from tests import factories

pytestmark = pytest.mark.django_db


def sold(sku: str = "EU-5") -> None:
    """A product with a price that a supplier serves."""
    product = factories.product(sku=sku)
    factories.price(product=product, amount_minor=900)
    supplier = factories.supplier(vendor="esimgo")
    factories.match(product=product, offer=factories.offer(supplier=supplier), state="approved")


def create(*words: str) -> int:
    return company.main(["create", "Acme Tools", "--slug", "acme", "--json", *words])


def test_a_company_has_an_address_an_account_on_credit_and_plans(capsys: pytest.CaptureFixture[str]) -> None:
    sold()

    assert create("--credit", "500.00", "--reason", "contract 7", "--plan", "EU-5") == 0

    told = json.loads(capsys.readouterr().out)
    assert (told["organization"], told["address"]) == ("acme", "http://acme.localhost:8000")
    made = Organization.objects.get(slug="acme")
    assert (made.kind, Terms.objects.get(organization=made).currency) == ("company", "EUR")
    assert Wallet.objects.get(organization=made).credit_limit_minor == 500_00
    with tenancy.scope(made.pk):
        plan = Plan.objects.get()
    assert (plan.public_id, plan.price_minor, plan.can_suspend) == (told["plans"][0], 900, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--slug", "www"), "can be no address"),
        (("--slug", "Acme Tools"), "can be no address"),
        (("--currency", "XXQ"), "XXQ"),
        (("--credit", "-5"), "not negative"),
        (("--plan", "NO-SUCH"), "unknown SKU NO-SUCH"),
        (("--slug", "taken"), "there is an organization taken"),
    ],
)
def test_what_can_not_be_is_refused_and_nothing_is_left(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.organization(slug="taken")

    assert create(*words) == 1

    assert why in capsys.readouterr().out
    assert Organization.objects.filter(kind="company").count() == 0
    assert Wallet.objects.count() == 0
