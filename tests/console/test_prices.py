"""Prices at the console: one in a few clicks, many from a table, below the margin only with a colleague."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.catalog import prices
from simplane.catalog.markup import markup
from simplane.catalog.models import Price, PriceProposal, Product, Terms, Tier, WholesalePrice
from simplane.catalog.scopes import Scope
from simplane.core.models import AuditEntry
from simplane.organizations.models import Organization
from simplane.suppliers.models import Offer
from tests import factories

pytestmark = pytest.mark.django_db


def _product(sku: str = "EU-5", cost: int = 3_00) -> Product:
    product = factories.product(sku=sku, min_margin_minor=1_00)
    factories.match(product=product, offer=factories.offer(cost_minor=cost, currency="EUR"))
    factories.price(product=product, amount_minor=9_00)
    return product


def _acme() -> Organization:
    owner = factories.organization(kind="reseller", slug="acme", name="Acme Travel")
    Terms.objects.create(organization=owner, currency="EUR")
    return owner


def _text(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1].replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")


def test_a_customers_price_is_set_from_its_page_and_shown_with_its_margin(console: Client) -> None:
    _product(), _acme()
    form = {
        "sku": "EU-5",
        "for": "customer:acme",
        "currency": "EUR",
        "price": "4,50",
        "next": "/console/resellers/acme/",
    }

    answer = console.post("/console/prices/set/", form, follow=True)

    assert answer.redirect_chain[-1][0] == "/console/resellers/acme/"
    assert "EU-5: 1 price set." in answer.content.decode()
    row = console.get("/console/prices/?for=customer:acme").context["rows"][0]
    assert (str(row.price), str(row.cost), str(row.left), row.percent, row.source) == (
        "4.50 EUR", "3.00 EUR", "1.50 EUR", 33, "customer",
    )  # fmt: skip
    assert "sam@simplane.example" in _text(console, "/console/prices/of/EU-5/?for=customer:acme")

    held = WholesalePrice.objects.get()
    console.post(f"/console/prices/end/{held.pk}/", {"reason": ""})
    held.refresh_from_db()
    assert held.valid_until is None
    console.post(f"/console/prices/end/{held.pk}/", {"reason": "over"})

    row = console.get("/console/prices/?for=customer:acme").context["rows"][0]
    assert (str(row.price), row.source) == ("9.00 EUR", "list")


def test_a_price_below_the_margin_waits_until_a_colleague_approves(console: Client, colleague: Client) -> None:
    _product(), _acme()
    form = {"sku": "EU-5", "for": "customer:acme", "currency": "EUR", "price": "3.50"}
    refused = console.post("/console/prices/set/", form, follow=True).content.decode()
    assert "give a reason" in refused
    console.post("/console/prices/set/", form | {"reason": "tender"})
    waiting = PriceProposal.objects.get()
    decide = f"/console/approvals/prices/{waiting.pk}/"

    assert "You proposed this" in _text(console, "/console/approvals/")
    answer = console.post(decide, {"verdict": "approve", "reason": "mine"}, follow=True)
    assert "ask a colleague" in answer.content.decode()
    assert not WholesalePrice.objects.exists()

    assert "Approvals" in _text(colleague, "/console/approvals/")
    colleague.post(decide, {"verdict": "approve", "reason": "worth it"})

    row = WholesalePrice.objects.get()
    assert (row.amount_minor, row.approved_by.split(" ")[1]) == (3_50, "cleo@simplane.example")
    assert "Nothing waits" in _text(console, "/console/approvals/")


def test_a_list_price_below_the_margin_waits_too(console: Client) -> None:
    _product()
    console.post("/console/products/EU-5/price/", {"price": "3.10", "currency": "EUR", "reason": "sale"})

    assert Price.objects.count() == 1
    assert PriceProposal.objects.get().amount_minor == 3_10


@pytest.mark.parametrize(
    "wrong",
    [{"price": "4.505"}, {"price": "-1"}, {"price": "x"}, {"currency": "XXZ"}, {"sku": "NONE"}, {"for": "tier:None"},
     {"valid_until": "2020-01-01"}, {"valid_from": "soon"}, {"price": ""}],
)  # fmt: skip
def test_a_price_that_can_not_be_changes_nothing(console: Client, wrong: dict[str, str]) -> None:
    _product(), _acme()
    form = {"sku": "EU-5", "for": "customer:acme", "currency": "EUR", "price": "5.00"}

    answer = console.post("/console/prices/set/", form | wrong, follow=True)

    assert "Refused:" in answer.content.decode()
    assert not WholesalePrice.objects.exists()


def test_a_table_is_shown_with_every_margin_and_saved_as_it_was_shown(console: Client) -> None:
    _product("EU-5"), _product("EU-6", cost=4_00), _acme()
    Tier.objects.create(name="Gold", min_monthly_units=100)
    content = (
        "\ufeffsku;for;currency;price;valid_until;reason\r\n"
        "EU-5;tier:Gold;EUR;6.00;;\r\nEU-6;customer:acme;EUR;4.20;2099-01-01;tender\r\n"
        "EU-6;list;EUR;9.00;;\r\nEU-5;list;EUR;;;\r\n"
    )
    upload = SimpleUploadedFile("prices.csv", content.encode(), content_type="text/csv")

    shown = console.post("/console/prices/upload/preview/", {"file": upload})

    assert [shown.context[name] for name in ("many", "changed", "waiting", "unchanged", "wrong")] == [3, 1, 1, 1, 0]
    assert not WholesalePrice.objects.exists()
    page = shown.content.decode()
    form = {
        "content": _hidden(page, "content").replace("\r\n", "\n").replace("\n", "\r\n"),
        "token": _hidden(page, "token"),
    }
    forged = console.post(
        "/console/prices/upload/confirm/", form | {"content": form["content"].replace("6.00", "1.00")}
    )
    assert "have changed since the preview" in forged.content.decode()
    assert not WholesalePrice.objects.exists()

    answer = console.post("/console/prices/upload/confirm/", form, follow=True)

    assert "1 price set, 1 below the least margin: a colleague must approve, 1 unchanged." in answer.content.decode()
    assert WholesalePrice.objects.values_list("product__sku", "tier__name", "amount_minor").get() == (
        "EU-5",
        "Gold",
        6_00,
    )
    assert PriceProposal.objects.get().valid_until is not None
    again = console.post("/console/prices/upload/confirm/", form)
    assert "have changed since the preview" in again.content.decode()
    assert AuditEntry.objects.filter(action="price.set").count() == 1


def test_a_cost_that_rose_after_the_preview_asks_to_look_again(console: Client) -> None:
    _product(), _acme()
    shown = console.post(
        "/console/prices/upload/preview/", {"content": "sku,for,currency,price,reason\nEU-5,customer:acme,EUR,5.00,x"}
    ).content.decode()
    Offer.objects.update(cost_minor=4_50)

    answer = console.post(
        "/console/prices/upload/confirm/", {"content": _hidden(shown, "content"), "token": _hidden(shown, "token")}
    )

    assert "look at it again" in answer.content.decode()
    assert answer.context["waiting"] == 1
    assert not WholesalePrice.objects.exists()


def test_each_wrong_row_says_why_and_none_is_saved(console: Client) -> None:
    _product(), _acme()
    rows = {
        "NONE,list,EUR,1.00,,": "there is no product",
        "EU-5,tier:Tin,EUR,1.00,,": "neither list, a tier nor a customer",
        "EU-5,customer:acme,EUR,1.001,,": "more decimals than EUR knows",
        "EU-5,customer:acme,XXZ,1.00,,": "not an ISO 4217 currency",
        "EU-5,customer:acme,EUR,3.10,,": "give a reason",
        "EU-5,customer:acme,EUR,9.00,someday,": "is no day",
        "EU-5,customer:acme,EUR,9.00,2020-01-01,": "end before it begins",
        "EU-5,list,EUR,8.00,,": "",
        "EU-5,list,EUR,8.10,,": "twice",
    }
    content = "\n".join(["sku,for,currency,price,valid_until,reason", *rows])

    shown = console.post("/console/prices/upload/preview/", {"content": content})

    wrong = {one.number: one.wrong for one in shown.context["read"]}
    assert [text in wrong[number] for number, text in enumerate(rows.values(), 2)] == [True] * len(rows)
    assert (shown.status_code, wrong[9], 'name="token"' in shown.content.decode()) == (422, "", False)
    console.post("/console/prices/upload/confirm/", {"content": content, "token": "x"})
    assert not WholesalePrice.objects.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "there is no file"), ("sku,price\nEU-5,1", "can not be found"),
        ("sku,for,currency,price,size\na,b,c,d,e", "unknown"),
        ("sku,for,currency,price\n", "has no rows"), ("sku,for,currency,price\na,b,c,d,e", "more cells"),
        ("sku,for,currency,price\nEU-5,list,EUR,", "no row has a price"),
        ("sku,for,currency,price\n" + "a,b,c,1\n" * 5001, "too many"),
    ],
)  # fmt: skip
def test_a_table_that_can_not_be_read_says_what_to_do(console: Client, content: str, problem: str) -> None:
    answer = console.post("/console/prices/upload/preview/", {"content": content}, follow=True)

    assert problem in answer.content.decode()


def test_a_rule_shows_its_prices_before_they_are_saved(console: Client) -> None:
    _product(cost=3_10)
    tier = Scope(tier=Tier.objects.create(name="Gold", min_monthly_units=1))
    form = {"for": "tier:Gold", "currency": "EUR", "percent": "30", "least": "0,50", "rounding": "x.90", "reason": ""}
    console.post("/console/prices/rule/", form)
    page = console.get("/console/prices/?for=tier:Gold")
    assert str(page.context["rule_words"]) == "cost + 30 %, at least €0.50, rounded up to x.90"

    shown = console.post(f"/console/prices/rule/{page.context['rule'].pk}/preview/").content.decode()
    console.post(
        "/console/prices/upload/confirm/", {"content": _hidden(shown, "content"), "token": _hidden(shown, "token")}
    )

    assert WholesalePrice.objects.get().amount_minor == 4_90
    table = b"".join(console.get("/console/prices.csv?for=tier:Gold").streaming_content).decode()  # type: ignore[attr-defined]
    assert "EU-5,tier:Gold,EUR,4.90" in table
    back = console.post("/console/prices/upload/preview/", {"content": table})
    assert back.context["unchanged"] == 1
    prices.set_markup(tier, markup("EUR", Decimal(1)))
    assert console.post(f"/console/prices/rule/{page.context['rule'].pk}/preview/").status_code == 404


def test_tiers_are_made_and_changed_and_have_names_of_their_own(console: Client) -> None:
    console.post("/console/prices/tiers/save/", {"name": "Gold", "volume": "100"})
    for wrong in ({"name": "gold", "volume": "5"}, {"name": "A:B", "volume": "5"}, {"name": "S", "volume": "-1"}):
        console.post("/console/prices/tiers/save/", wrong)
    tier = Tier.objects.get()

    console.post("/console/prices/tiers/save/", {"name": "Golden", "volume": "80", "tier": str(tier.pk)})

    assert Tier.objects.values_list("name", "min_monthly_units").get() == ("Golden", 80)
    assert AuditEntry.objects.latest("pk").before == {"name": "Gold", "min_monthly_units": 100}


def test_a_longer_list_of_prices_costs_as_many_queries(console: Client) -> None:
    _acme()

    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            console.get("/console/prices/?for=customer:acme")
        return len(queries)

    _product("A")
    few = counted()
    for number in range(5):
        _product(f"B{number}")
    assert counted() == few
