"""Prices in a real browser: a customer's price in four clicks; a table shown before it is saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from simplane.catalog.models import WholesalePrice
from simplane.ordering.resellers import onboard
from tests import factories
from tests.browser.conftest import NewPage

pytestmark = pytest.mark.browser


def test_a_customers_price_takes_four_clicks_and_a_table_two_looks(signed_in: NewPage) -> None:
    product = factories.product(sku="EU-5", min_margin_minor=1_00)
    factories.match(product=product, offer=factories.offer(cost_minor=3_00, currency="EUR"))
    onboard("Acme Travel", "EUR")
    page = signed_in()
    page.goto("/console/")

    page.get_by_role("link", name="Resellers").click()
    page.get_by_role("link", name="Acme Travel").click()
    page.get_by_label("SKU").click()
    page.keyboard.type("EU-5")
    page.keyboard.press("Tab")
    page.keyboard.type("4.50")
    page.get_by_role("button", name="Set the price").click()

    expect(page.get_by_text("EU-5: 1 price set.")).to_be_visible()
    assert WholesalePrice.objects.get().amount_minor == 4_50

    page.goto("/console/prices/upload/")
    page.get_by_label("Or paste its lines").fill(
        "sku,for,currency,price,reason\nEU-5,list,EUR,9.00,new\nEU-5,customer:acme-travel,EUR,4.20,2nd year\n"
    )
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Preview: 2 prices")).to_be_visible()
    page.get_by_role("button", name="Save 2 prices").click()

    expect(page.get_by_text("2 prices set.")).to_be_visible()
    assert WholesalePrice.objects.latest("valid_from").amount_minor == 4_20
