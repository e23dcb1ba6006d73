"""The cart of a session, and a cart from a file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore

from simplane.catalog.models import Price, Terms
from simplane.catalog.shelf import priced_by_sku
from simplane.core import clock
from simplane.core.errors import BadInput
from simplane.hub import cart
from simplane.hub.basket import BasketLine, basket_of, opened, seal
from simplane.hub.cart import CartRow, parse_quantity
from simplane.hub.cart_csv import JudgedRow, read
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def terms() -> Terms:
    now = clock.now() - timedelta(days=1)
    for sku, minor in (("EU-5", 450), ("US-1", 300)):
        product = factories.product(sku=sku, name=f"Plan {sku}")
        Price.objects.create(product=product, currency="EUR", amount_minor=minor, valid_from=now)
    owner = factories.organization(kind="reseller", slug="acme")
    return Terms.objects.create(organization=owner, currency="EUR")


def _read(text: str | bytes, terms: Terms) -> list[JudgedRow]:
    return read(text if isinstance(text, bytes) else text.encode(), terms.organization, terms)


def test_each_account_has_its_own_cart_and_rows_grow() -> None:
    session = SessionStore()
    cart.add(session, 1, [CartRow("EU-5", 2), CartRow("US-1", 1)])
    cart.add(session, 1, [CartRow("EU-5", 3), CartRow("EU-5", 1, email="ana@example.com")])
    first, _, third = cart.rows(session, 1)
    cart.change(session, 1, {first.key: 4, third.key: 0, "nobody": 9})

    assert cart.rows(session, 1) == [CartRow("EU-5", 4), CartRow("US-1", 1)]
    assert cart.rows(session, 2) == []
    cart.take_out(session, 1, [first.key])
    assert cart.rows(session, 1) == [CartRow("US-1", 1)]


@pytest.mark.parametrize(
    "wanted", [[CartRow("EU-5", 600), CartRow("US-1", 401)], [CartRow(f"SKU-{n}", 1) for n in range(201)]]
)
def test_a_cart_too_large_for_an_order_is_refused_and_stays_as_it_was(wanted: list[CartRow]) -> None:
    session = SessionStore()
    cart.add(session, 1, [CartRow("US-9", 1)])

    with pytest.raises(BadInput):
        cart.add(session, 1, wanted)

    assert cart.rows(session, 1) == [CartRow("US-9", 1)]


@pytest.mark.parametrize("typed", ["", "0", "-1", "1.5", "1001", "²", "9" * 30, "1e3", "one"])
def test_what_is_no_quantity_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        parse_quantity(typed)


def test_a_basket_comes_out_of_its_form_as_it_went_in_for_its_account_only(terms: Terms) -> None:
    rows = [CartRow("EU-5", 2), CartRow("US-1", 1, "PO-1", "ana@example.com"), CartRow("GONE", 1), CartRow("US-1", 3)]
    made = basket_of(7, rows, priced_by_sku(terms, [row.sku for row in rows]))

    assert opened(seal(made), 7) == made
    assert made.orders[0].lines == (BasketLine("EU-5", 2, 450), BasketLine("US-1", 3, 300))
    assert (made.orders[1].reference, made.orders[1].email) == ("PO-1", "ana@example.com")
    assert (made.total_minor, made.units) == (2100, 6)
    assert made.orders[0].keys == [rows[0].key, rows[3].key]
    for text, account in ((seal(made), 8), (seal(made)[:-1], 7), ("", 7)):
        with pytest.raises(BadInput):
            opened(text, account)


def test_a_good_file_becomes_rows(terms: Terms) -> None:
    text = "\ufeffSKU;Quantity;Reference;E-mail\r\nEU-5;2;;\r\n\r\n US-1 ; 1 ;PO-1;Ana@Example.com\r\n"

    assert [one.row for one in _read(text, terms)] == [
        CartRow("EU-5", 2),
        CartRow("US-1", 1, "PO-1", "ana@example.com"),
    ]


def test_every_wrong_row_says_what_is_wrong(terms: Terms) -> None:
    factories.order(book="wholesale", account="acme", external_id="PO-7")
    factories.order(book="wholesale", account="other", external_id="PO-8")
    text = (
        "sku,quantity,reference,email\n"
        "EU-5,2,PO-8,\n"
        "EU-6,1,,\n"
        ",1,,\n"
        "EU-5,0,,\n"
        "EU-5,1,,nobody\n"
        "EU-5,1,PO-7,\n"
        "EU-5,1,PO-9,a@example.com\n"
        "US-1,1,PO-9,b@example.com\n"
        "EU-5,1,,,,\n"
        f"EU-5,1,{'x' * 81},\n"
        "EU-5\n"
        "EU\x00-5,1,,\n"
    )

    judged = _read(text, terms)

    assert [(one.number, one.row is not None) for one in judged if one.row] == [(2, True)]
    assert [one.wrong.split(":")[0] for one in judged[1:]] == [
        "there is no such product at your prices",
        "the SKU is missing",
        "'0' is no quantity",
        "'nobody' is no e-mail address",
        "an order PO-7 exists already",
        "PO-9 has several e-mail addresses",
        "PO-9 has several e-mail addresses",
        "more cells than the head has",
        "SKU and reference are at most 80 characters, without control characters",
        "'' is no quantity",
        "SKU and reference are at most 80 characters, without control characters",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"EU-5,2\n",
        b"sku,quantity,price\nEU-5,1,0.01\n",
        b"sku,quantity,sku\nEU-5,1,EU-5\n",
        b"\xff\xfe\x00",
        b"sku,quantity\n" + b"EU-5,1\n" * 201,
        b"sku,quantity\n" + b"x" * (256 * 1024),
        b"PK\x03\x04 a workbook",
    ],
)
def test_what_is_no_such_file_is_refused_whole(terms: Terms, raw: bytes) -> None:
    with pytest.raises(BadInput):
        _read(raw, terms)


def test_reading_a_long_file_asks_the_database_twice(terms: Terms, django_assert_num_queries: object) -> None:
    lines = "".join(f"EU-5,1,PO-{number},a{number}@example.com\n" for number in range(200))

    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(_read(f"sku,quantity,reference,email\n{lines}", terms)) == 200
