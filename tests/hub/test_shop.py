"""From the catalogue to placed orders, by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.catalog.models import Product
from simplane.core.models import AuditEntry
from simplane.ledger.models import Hold, Wallet
from simplane.ledger.verify import verify
from simplane.ordering.models import Order, Unit
from simplane.ordering.resellers import onboard
from simplane.organizations.models import ApiKey, Organization, Role
from tests import factories
from tests.hub.people import browser_of, member
from tests.ordering.wholesale import own_price, reseller, sold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme() -> Organization:
    """A reseller with 20.00 EUR, and three plans."""
    home = reseller(20_00, slug="acme", name="Acme Travel").organization
    own_price(sold("EU-5", 6_00, countries=["ES", "FR"], data_bytes=5 * 10**9, days=30), 4_50, organization=home)
    sold("US-1", 3_00, countries=["US"], data_bytes=10**9, days=7)
    sold("UNSOLD", None)
    return home


@pytest.fixture
def buyer(acme: Organization) -> Client:
    return browser_of(member(acme, Role.BUYER, email="rita@acme.example"))


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def sealed(client: Client) -> str:
    found = re.search(r'name="basket" value="([^"]+)"', page(client, "/hub/cart/"))
    assert found is not None
    return found[1]


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def put(client: Client, sku: str, quantity: int = 1) -> None:
    assert client.post("/hub/cart/add/", {"sku": sku, "quantity": quantity}).status_code == 302


def confirm(client: Client, basket: str, **given: str) -> Any:
    return client.post("/hub/checkout/", {"basket": basket, "locale": "en", "name": "", **given})


def test_the_catalogue_shows_own_prices_and_finds_by_country_data_and_days(buyer: Client) -> None:
    whole = page(buyer, "/hub/catalogue/")
    assert "€4.50" in whole
    assert "agreed, list €6.00" in whole
    assert "UNSOLD" not in whole

    for query, there in (("q=spain", "EU-5"), ("q=usa", "US-1"), ("data=5", "EU-5"), ("days=15", "EU-5")):
        shown = page(buyer, f"/hub/catalogue/?{query}")
        assert [sku for sku in ("EU-5", "US-1") if sku in shown] == [there], query
    assert "No plan fits" in page(buyer, "/hub/catalogue/?q=atlantis")
    sold("ANY", 9_00, countries=["FR"], data_bytes=None, days=1)
    for sort, order in (
        ("plan", "ANY EU-5 US-1"), ("-plan", "US-1 EU-5 ANY"), ("price", "US-1 EU-5 ANY"), ("days", "ANY US-1 EU-5"),
        ("-data", "ANY EU-5 US-1"), ("data", "US-1 EU-5 ANY"), ("nonsense", "ANY EU-5 US-1"),
    ):  # fmt: skip
        assert re.findall(r'"mono">([-\w]+)<', page(buyer, f"/hub/catalogue/?sort={sort}")) == order.split(), sort


def test_adding_leaves_the_catalogue_where_it_is(buyer: Client) -> None:
    asked = {"sku": "EU-5", "quantity": "2"}
    piece = buyer.post("/hub/cart/add/", asked, headers={"HX-Request": "true"}).content.decode()
    assert "2 in the cart" in piece
    assert "Cart · 2 eSIMs" in piece
    back = buyer.post("/hub/cart/add/", {**asked, "next": "/hub/catalogue/?q=spain"})
    assert back.headers["Location"] == "/hub/catalogue/?q=spain"
    for wrong in ({"sku": "UNSOLD"}, {"sku": "EU-5", "quantity": "0"}, {"sku": "EU-5", "quantity": "997"}):
        piece = buyer.post("/hub/cart/add/", wrong, headers={"HX-Request": "true"}).content.decode()
        assert "text-bad" in piece
        assert "Cart · 4 eSIMs" in piece


def test_an_order_is_placed_once_however_often_it_is_confirmed(buyer: Client, acme: Organization) -> None:
    put(buyer, "EU-5", 2)
    put(buyer, "US-1", 1)
    shown = page(buyer, "/hub/cart/")
    assert "Place order for €12.00" in shown
    assert "€8.00" in shown  # what the wallet holds afterwards
    basket = sealed(buyer)

    wishes = {"email": "Ana@Example.com", "name": "Ana", "reference": "PO-1", "locale": "de"}
    first, second = confirm(buyer, basket, **wishes), confirm(buyer, basket, **wishes)

    order = Order.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == f"/hub/orders/{order.public_id}/"
    assert (order.external_id, order.customer.email, order.locale, order.total_minor) == (
        "PO-1", "ana@example.com", "de", 12_00,
    )  # fmt: skip
    assert Unit.objects.count() == 3
    assert (Wallet.objects.get().balance_minor, Hold.objects.get().remaining_minor) == (8_00, 12_00)
    key = ApiKey.objects.get(prefix="portal")
    assert (key.organization, key.name) == (acme, "rita@acme.example")
    assert AuditEntry.objects.get(action="order.placed").actor == f"api_key:{key.public_id}"
    assert "The cart is empty" in page(buyer, "/hub/cart/")
    assert "rita@acme.example" in page(buyer, f"/hub/orders/{order.public_id}/")
    changed = confirm(buyer, basket, **wishes | {"email": "eve@example.com"})
    assert "used for an order already" in changed.content.decode()
    assert Order.objects.count() == 1
    assert verify().problems == ()


def test_a_price_that_rose_is_asked_again(buyer: Client, acme: Organization) -> None:
    put(buyer, "EU-5", 2)
    basket = sealed(buyer)
    own_price(Product.objects.get(sku="EU-5"), 5_00, organization=acme, valid_from=acme.created_at)

    answer = confirm(buyer, basket)

    told = answer.content.decode()
    assert (answer.status_code, Order.objects.count()) == (422, 0)
    assert "EU-5 from 4.50 EUR to 5.00 EUR" in told
    assert "Place order for €10.00" in told
    confirm(buyer, sealed(buyer))
    assert Order.objects.get().total_minor == 10_00


def test_too_little_money_places_nothing_and_keeps_the_cart(buyer: Client, acme: Organization) -> None:
    put(buyer, "EU-5", 4)
    basket = sealed(buyer)
    Wallet.objects.filter(organization=acme).update(balance_minor=17_99)

    answer = confirm(buyer, basket)

    assert (answer.status_code, Order.objects.count()) == (422, 0)
    told = answer.content.decode()
    assert "The wallet does not cover this order" in told
    assert "€0.01 is missing" in told
    assert "EU-5" in page(buyer, "/hub/cart/")


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nobody"}, {"reference": "x" * 81}, {"reference": "a\x07b"}, {"locale": "xx"}, {"name": "x" * 201}],
)
def test_a_wrong_recipient_is_said_at_its_field(buyer: Client, wrong: dict[str, str]) -> None:
    put(buyer, "EU-5")

    answer = confirm(buyer, sealed(buyer), **wrong)

    assert (answer.status_code, Order.objects.count()) == (422, 0)
    assert f'id="id_{next(iter(wrong))}_error"' in answer.content.decode()


def test_a_cart_of_another_account_or_of_nobody_orders_nothing(buyer: Client) -> None:
    other = browser_of(member(reseller(20_00).organization, Role.BUYER))
    put(other, "US-1")

    for basket in (sealed(other), "", "x:y:z"):
        answer = confirm(buyer, basket)
        assert answer.headers["Location"] == "/hub/cart/"
        assert said(answer)[-1].startswith("Nothing was ordered")
    assert Order.objects.count() == 0


def test_quantities_change_and_rows_go(buyer: Client) -> None:
    put(buyer, "EU-5", 2)
    put(buyer, "US-1", 1)
    first, second = re.findall(r'name="quantity-(\w+)"', page(buyer, "/hub/cart/"))

    buyer.post("/hub/cart/change/", {f"quantity-{first}": "3", f"quantity-{second}": "0"})
    assert "Place order for €13.50" in page(buyer, "/hub/cart/")
    refused = buyer.post("/hub/cart/change/", {f"quantity-{first}": "-3"})
    assert "Nothing was changed" in said(refused)[-1]
    assert "Place order for €13.50" in page(buyer, "/hub/cart/")
    buyer.post("/hub/cart/change/", {"remove": first})
    assert "The cart is empty" in page(buyer, "/hub/cart/")


def test_a_file_with_errors_adds_nothing_until_its_good_rows_are_confirmed(buyer: Client) -> None:
    text = b"sku,quantity,reference,email\nEU-5,1,PO-1,a@example.com\nNOPE,1,,\nUS-1,2,PO-2,b@example.com\n"
    answer = buyer.post("/hub/cart/upload/", {"file": SimpleUploadedFile("order.csv", text)})

    told = answer.content.decode()
    assert answer.status_code == 422
    assert "1 row with errors: nothing was added yet" in told
    assert "there is no such product" in told
    assert "The cart is empty" in page(buyer, "/hub/cart/")
    rows = re.search(r'name="rows" value="([^"]+)"', told)
    assert rows is not None
    stranger = browser_of(member(reseller(20_00).organization, Role.BUYER))
    assert said(stranger.post("/hub/cart/upload/confirm/", {"rows": rows[1]}))[-1].startswith("Nothing was added")
    buyer.post("/hub/cart/upload/confirm/", {"rows": rows[1]})

    assert "Place orders for €10.50" in page(buyer, "/hub/cart/")
    assert said(confirm(buyer, sealed(buyer)))[-1] == "2 orders are placed."
    assert list(Order.objects.order_by("external_id").values_list("external_id", "customer__email", "total_minor")) == [
        ("PO-1", "a@example.com", 4_50), ("PO-2", "b@example.com", 6_00),
    ]  # fmt: skip


def test_of_several_orders_those_that_are_refused_stay_in_the_cart(buyer: Client) -> None:
    text = "sku,quantity,reference\nEU-5,1,PO-1\nUS-1,1,PO-2\n"
    assert said(buyer.post("/hub/cart/upload/", {"text": text}))[-1] == "2 rows are in the cart."
    basket = sealed(buyer)
    Order.objects.create(**_taken("PO-2"))

    answer = confirm(buyer, basket)

    told = answer.content.decode()
    assert "1 of 2 orders are placed" in told
    assert "An order with the reference PO-2 exists already" in told
    cart = page(buyer, "/hub/cart/")
    assert "US-1" in cart
    assert "EU-5" not in cart


def test_a_file_of_many_travellers_is_an_order_each_with_one_click(buyer: Client, acme: Organization) -> None:
    Wallet.objects.filter(organization=acme).update(balance_minor=1_000_00)
    rows = "".join(f"US-1,1,traveller{number}@example.com\n" for number in range(80))
    buyer.post("/hub/cart/upload/", {"text": f"sku,quantity,email\n{rows}"})

    assert said(confirm(buyer, sealed(buyer)))[-1] == "80 orders are placed."
    assert Order.objects.values("customer__email").distinct().count() == 80


def test_in_test_mode_the_same_pages_spend_play_money() -> None:
    made = onboard("Beta", "EUR")
    sold("EU-5", 4_50)
    owner = browser_of(member(made.organization))
    owner.post("/hub/mode/", {"test": "1"})
    put(owner, "EU-5")

    assert "Place test order for €4.50" in page(owner, "/hub/cart/")
    confirm(owner, sealed(owner))

    order = Order.objects.get()
    assert (order.organization, order.is_test) == (made.twin, True)
    assert "€9,995.50" in page(owner, "/hub/wallet/")
    for amount, key in (("1000", "a"), ("1000", "a"), ("0", "b"), ("100001", "c"), ("x", "d")):
        owner.post("/hub/wallet/play-money/", {"amount": amount, "request_key": key})
    assert "€10,995.50" in page(owner, "/hub/wallet/")
    owner.post("/hub/mode/", {"test": ""})
    assert owner.post("/hub/wallet/play-money/", {"amount": "5"}).status_code == 404
    assert owner.get(f"/hub/orders/{order.public_id}/").status_code == 404
    assert "The cart is empty" in page(owner, "/hub/cart/")
    assert verify().problems == ()


def _taken(reference: str) -> dict[str, Any]:
    made = factories.order(book="wholesale", account="acme", external_id="other")
    values = {field.attname: getattr(made, field.attname) for field in Order._meta.concrete_fields}
    return values | {"id": None, "public_id": "ord_taken", "external_id": reference}


def test_a_viewer_looks_but_does_not_order(acme: Organization) -> None:
    viewer = browser_of(member(acme, Role.VIEWER))

    assert "Add</button>" not in page(viewer, "/hub/catalogue/")
    assert viewer.post("/hub/cart/add/", {"sku": "EU-5"}).status_code == 403
    assert viewer.get("/hub/cart/").status_code == 403


def test_a_long_catalogue_is_one_query_a_page(buyer: Client) -> None:
    def count(address: str) -> int:
        page(buyer, address)
        with CaptureQueriesContext(connection) as asked:
            page(buyer, address)
        return len(asked)

    few = count("/hub/catalogue/")
    for number in range(60):
        sold(f"MANY-{number:02d}", 1_00, countries=["ES", "FR", "PT"])

    assert count("/hub/catalogue/") == few
    second = re.search(r'href="\?([^"]+)" rel="next"', page(buyer, "/hub/catalogue/"))
    assert second is not None
    rest = page(buyer, f"/hub/catalogue/?{second[1]}")
    seen = set(re.findall(r"MANY-\d\d", page(buyer, "/hub/catalogue/"))) | set(re.findall(r"MANY-\d\d", rest))
    assert len(seen) == 60
