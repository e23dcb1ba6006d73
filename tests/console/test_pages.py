"""Every page comes, empty and with rows, without inline script or style, and never cached."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests import factories
from tests.showcase import PAGES, one_of_everything

EMPTY = {
    "/console/": "Nothing is stuck.",
    "/console/stuck/": "Nothing is stuck.",
    "/console/stuck/no_offer/": "Nothing is stuck for this cause any more.",
    "/console/alerts/": "All quiet.",
    "/console/orders/": "No order fits.",
    "/console/customers/": "Nobody fits.",
    "/console/esims/": "No eSIM fits.",
    "/console/mail/": "No mail fits.",
    "/console/products/": "No product fits.",
    "/console/offers/": "No offer fits.",
    "/console/offers/review/": "No offer waits.",
    "/console/offers/quarantine/": "Every row of every catalogue was understood.",
    "/console/offers/runs/": "No catalogue was read yet.",
    "/console/matching/": "No proposal waits.",
    "/console/routing/": "Nothing was decided yet.",
    "/console/skus/": "Every SKU ordered so far is known.",
    "/console/suppliers/": "No supplier is set up.",
    "/console/shops/": "No shop is connected.",
    "/console/webhooks/": "No webhook fits.",
    "/console/audit/": "No entry fits.",
    "/console/resellers/": "No reseller fits.",
    "/console/prices/": "No product fits.",
    "/console/prices/tiers/": "There is no tier",
    "/console/approvals/": "Nothing waits for a second person.",
    "/console/ledger/": "Nothing was posted yet.",
    "/console/ledger/accounts/": "No account fits.",
    "/console/ledger/cash/": "Nothing was recorded by hand yet.",
    "/console/ledger/months/": "there is no month to close",
}
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*json)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("address", EMPTY)
def test_an_empty_page_says_so(console: Client, address: str) -> None:
    assert EMPTY[address] in console.get(address).content.decode()


def test_every_page_comes_with_rows_and_without_inline_code(console: Client) -> None:
    for address in [*PAGES, *one_of_everything()]:
        answer = console.get(address)
        text = answer.content.decode()
        assert answer.status_code == 200, address
        assert INLINE.findall(text) == [], address
        assert answer.headers["Cache-Control"] == "private, no-store", address


def test_the_policy_allows_no_inline_code_anywhere(console: Client) -> None:
    for address in ("/console/", "/accounts/login/", "/accounts/2fa/", "/admin/"):
        policy = console.get(address).headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert "unsafe" not in policy


def test_a_refresh_brings_the_content_without_the_frame(console: Client) -> None:
    text = console.get("/console/", headers={"HX-Request": "true"}).content.decode()

    assert 'id="today"' in text
    assert "<nav" not in text


def test_a_page_that_is_not_there_says_so(console: Client) -> None:
    for address in ("/console/orders/ord_none/", "/console/esims/1/", "/console/jobs/none/run/"):
        answer = console.post(address) if address.endswith("run/") else console.get(address)
        assert answer.status_code == 404, address
        assert "There is no such page" in answer.content.decode()


def test_raw_tables_show_no_secret(console: Client) -> None:
    supplier = factories.supplier(credentials={"api_key": "very-secret"}, webhook_token="hook-secret")
    line = factories.line(matching_id="MATCH-SECRET")

    shown = [
        console.get(f"/admin/suppliers/supplier/{supplier.pk}/change/"),
        console.get("/admin/suppliers/supplier/"),
        console.get(f"/admin/lines/line/{line.pk}/change/"),
        console.get("/admin/mfa/authenticator/"),
    ]

    assert [answer.status_code for answer in shown] == [200] * 4
    for answer in shown:
        text = answer.content.decode()
        assert all(secret not in text for secret in ("very-secret", "hook-secret", "MATCH-SECRET"))


def test_every_raw_table_can_be_looked_at(console: Client) -> None:
    one_of_everything()
    index = console.get("/admin/").content.decode()
    tables = sorted(set(re.findall(r'href="(/admin/[a-z_]+/[a-z_]+/)"', index)))

    assert {console.get(table).status_code for table in tables} == {200}
    assert len(tables) > 30
    assert re.findall(r'href="(/admin/[a-z_]+/[a-z_]+/add/)"', index).count("/admin/organizations/user/add/") > 0
