"""The wallet in the hub: every balance explained by its entries, months as files, money paid in."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.core import clock
from simplane.core.db import transaction
from simplane.ledger.actions import hold, post
from simplane.ledger.actions.post import Fact
from simplane.ledger.models import Wallet
from simplane.ledger.values import Posting
from simplane.organizations.keys import hash_of
from simplane.organizations.models import ApiKey, Organization, Role
from simplane.payments.models import AutoTopUp, CardSetup, StripeAccount, TopUp, WalletAlarm
from tests import factories
from tests.api.v1.calls import Program
from tests.hub.people import browser_of, member, reseller
from tests.ledger.money import BANK, funded, wallet_ref
from tests.payments.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme() -> Organization:
    return reseller(slug="acme", vat_id="DE123456789")


@pytest.fixture
def finance(acme: Organization) -> Client:
    return browser_of(member(acme, Role.FINANCE))


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def paid_in(home: Organization, wallet: Wallet, amounts: range) -> None:
    for minor in amounts:
        with transaction():
            post(
                Fact(kind="top_up", key=f"t-{minor}", subject=f"top_{minor}"), [Posting(BANK, wallet_ref(home), minor)]
            )


def test_the_entries_add_up_to_the_balance_on_every_page(acme: Organization, finance: Client) -> None:
    wallet = funded(100_00, owner=acme)
    with transaction():
        hold(wallet, 30_00, key="ord_1", subject="ord_1")
    paid_in(acme, wallet, range(1, 70))

    first = page(finance, "/hub/wallet/")
    for figure in (
        "Available</span><b>€94.15",
        "Balance</span><b>€94.15",
        "Held</span><b>€30.00",
        "Credit</span><b>€0.00",
    ):
        assert figure in first
    older = re.search(r'href="\?([^"]+)" rel="next"', first)
    assert older is not None
    second = page(finance, f"/hub/wallet/?{older[1]}")
    cells = re.compile(r'class="num(?: muted)?">(-?€[\d.]+)<')
    rows = re.findall(r"<tr data-row>.*?</tr>", first + second, re.DOTALL)
    shown = [tuple(_minor(text) for text in cells.findall(row)) for row in rows]
    assert len(shown) == 71
    assert shown[0][1] == 94_15
    assert all(newer[1] - newer[0] == older[1] for newer, older in pairwise(shown))
    assert shown[-1] == (100_00, 100_00)
    assert "/hub/orders/ord_1/" in second
    with CaptureQueriesContext(connection) as asked:
        page(finance, "/hub/wallet/")
    assert len(asked) <= 12


def _minor(text: str) -> int:
    return int(text.replace("€", "").replace(".", ""))


def test_a_month_is_a_page_a_csv_and_a_workbook(acme: Organization, finance: Client) -> None:
    wallet = funded(100_00, owner=acme)
    paid_in(acme, wallet, range(1, 4))
    month = f"{clock.now():%Y-%m}"

    shown = page(finance, f"/hub/wallet/statement/?month={month}")
    assert "Opening balance" in shown
    assert "€100.06" in shown
    rows = list(csv.reader(io.StringIO(finance.get(f"/hub/wallet/statement.csv?month={month}").getvalue().decode())))
    assert [row[4] for row in rows[2:-1]] == ["100.00", "0.01", "0.02", "0.03"]
    workbook = finance.get("/hub/wallet/statement.xlsx")
    assert workbook.content.startswith(b"PK")
    assert workbook.headers["Content-Disposition"] == f'attachment; filename="statement-wallet-EUR-{month}.xlsx"'
    for wrong in ("month=2026-13", "month=x"):
        assert finance.get(f"/hub/wallet/statement/?{wrong}").status_code == 404


def test_purchases_of_a_month_count_what_was_bought_and_what_came_back(acme: Organization, finance: Client) -> None:
    funded(100_00, owner=acme)
    order = factories.order(organization=acme, book="wholesale", account="acme")
    plan = factories.product(sku="EU-5", name="Europe 5 GB")
    line = factories.order_line(order=order, product=plan)
    given = {"order": order, "order_line": line, "organization": acme, "product": plan, "price_minor": 450}
    for state, days in (("delivered", 0), ("delivered", 0), ("cancelled", 0), ("delivered", 400)):
        unit = factories.unit(**given, index=factories.number(), state=state)
        unit.bought_at = clock.now() - timedelta(days=days)
        unit.save()
    factories.unit(**given, index=factories.number(), state="cancelled")  # never bought
    factories.delivered_unit(price_minor=450)  # another account's

    shown = page(finance, "/hub/wallet/purchases/")

    assert "DE123456789" in shown
    assert re.findall(r'class="num">(?:<b>)?([^<\s]+)', shown[shown.index("<tbody>") :]) == [
        "3", "€4.50", "€13.50", "1", "€4.50", "−€4.50", "€9.00",
    ]  # fmt: skip


def test_an_account_without_a_wallet_is_told_so(finance: Client) -> None:
    assert "Your wallet is not open yet" in page(finance, "/hub/wallet/")
    assert "No top-ups yet" in page(finance, "/hub/wallet/top-ups/")
    assert finance.get("/hub/wallet/statement/").status_code == 404
    assert finance.get("/hub/wallet/purchases/").status_code == 404


def test_a_top_up_is_paid_on_stripes_page_once_for_one_form(desk: Desk, payer: Client) -> None:
    form = {"amount": "50,00", "currency": "EUR", "card": "", "request_key": "form-1"}
    first, again = payer.post("/hub/wallet/top-ups/pay/", form), payer.post("/hub/wallet/top-ups/pay/", form)

    made = TopUp.objects.get()
    assert first.headers["Location"] == again.headers["Location"] == f"/hub/wallet/top-ups/{made.public_id}/?go=1"
    on = payer.get(first.headers["Location"])
    assert on.headers["Refresh"] == f"0; url={made.url}"
    assert "Go to the payment page" in on.content.decode()
    stamp = f"/hub/wallet/top-ups/{made.public_id}/?stamp=awaiting"
    assert payer.get(stamp, headers={"HX-Request": "true"}).status_code == 204
    desk.pay(made)
    desk.tell()
    assert "st-ok" in payer.get(stamp, headers={"HX-Request": "true"}).content.decode()
    shown = page(payer, "/hub/wallet/")
    assert "Available</span><b>€50.00" in shown
    assert f"/hub/wallet/top-ups/{made.public_id}/" in shown


def test_a_saved_card_is_charged_and_charged_by_itself_and_removed(desk: Desk, payer: Client) -> None:
    leaving = payer.post("/hub/wallet/cards/save/")
    assert leaving.headers["Refresh"].startswith(f"0; url={desk.standin.url}")
    card = desk.card()
    shown = page(payer, "/hub/wallet/top-ups/")
    assert "Visa ending in 4242" in shown

    paid = payer.post("/hub/wallet/top-ups/pay/", {"amount": "20", "currency": "EUR", "card": card.public_id})
    assert paid.headers["Location"] == f"/hub/wallet/top-ups/{TopUp.objects.get().public_id}/"
    rule = {"currency": "EUR", "below": "10", "amount": "25.00", "cap": "100", "card": card.public_id}
    assert payer.post("/hub/wallet/top-ups/automatic/", rule).status_code == 302
    kept = AutoTopUp.objects.get()
    assert (kept.threshold_minor, kept.amount_minor, kept.monthly_cap_minor, kept.enabled) == (
        10_00,
        25_00,
        100_00,
        True,
    )
    wrong = payer.post("/hub/wallet/top-ups/automatic/", rule | {"cap": "1"})
    assert (wrong.status_code, AutoTopUp.objects.get().monthly_cap_minor) == (422, 100_00)
    assert 'value="25.00"' in page(payer, "/hub/wallet/top-ups/")
    payer.post("/hub/wallet/top-ups/alarm/", {"currency": "EUR", "below": "5"})
    assert WalletAlarm.objects.get().below_minor == 5_00
    payer.post(f"/hub/wallet/cards/{card.public_id}/remove/", {"currency": "EUR"})
    assert not AutoTopUp.objects.get().enabled
    payer.post("/hub/wallet/top-ups/alarm/", {"currency": "EUR", "below": ""})
    assert not WalletAlarm.objects.exists()


@pytest.mark.parametrize("amount", ["", "0", "-5", "abc", "1.005", "1e9", "NaN", "99999999999999999"])
def test_an_amount_that_is_none_starts_nothing(desk: Desk, payer: Client, amount: str) -> None:
    answer = payer.post("/hub/wallet/top-ups/pay/", {"amount": amount, "currency": "EUR"})

    assert (answer.status_code, TopUp.objects.count()) == (422, 0)
    assert "Nothing was done" in answer.content.decode()
    assert desk.organization.pk


def test_only_who_may_pays_and_nobody_with_anothers_card(desk: Desk, payer: Client) -> None:
    card = desk.card()
    viewer = browser_of(member(reseller(), Role.VIEWER))
    stranger = browser_of(member(reseller(), Role.OWNER))

    assert viewer.post("/hub/wallet/top-ups/pay/", {"amount": "5"}).status_code == 403
    for address in (f"/hub/wallet/cards/{card.public_id}/remove/", "/hub/wallet/top-ups/pay/"):
        asked: Any = stranger.post(address, {"amount": "5", "card": card.public_id})
        assert asked.status_code in (404, 422), address
    made = desk.checkout()
    assert stranger.get(f"/hub/wallet/top-ups/{made.public_id}/").status_code == 404
    assert page(payer, f"/hub/wallet/top-ups/{made.public_id}/")
    assert not list(get_messages(asked.wsgi_request))


@pytest.mark.parametrize("multipart", [False, True])
def test_a_nul_in_a_form_is_a_bad_request_and_changes_nothing(finance: Client, *, multipart: bool) -> None:
    for address, name in (
        ("wallet/top-ups/pay/", "request_key"),
        ("wallet/top-ups/pay/", "card"),
        ("cart/add/", "sku"),
    ):
        given = {"amount": "5", name: "a\0b"}
        answer = (
            finance.post(f"/hub/{address}", given)
            if multipart
            else finance.post(f"/hub/{address}", urlencode(given), content_type="application/x-www-form-urlencoded")
        )
        assert answer.status_code == 400, (address, name)
    assert not TopUp.objects.exists()


def test_an_applicant_pays_nothing_in_and_saves_no_card_before_the_approval(desk: Desk) -> None:
    StripeAccount.objects.create(
        key="stripe-live", name="Stripe", is_test=False, api_url=desk.standin.url, created_at=clock.now(),
        credentials=desk.account.credentials, is_stand_in=True,
    )  # fmt: skip
    home = reseller(state=Organization.State.APPLIED)
    funded(5_00, owner=home)
    client = browser_of(member(home))
    client.post("/hub/mode/", {"test": ""})

    for address in ("top-ups/pay/", "cards/save/", "top-ups/automatic/"):
        form = {"amount": "50", "below": "5", "cap": "100", "card": ""}
        answer = client.post(f"/hub/wallet/{address}", form)
        assert (answer.status_code, "is not approved yet" in answer.content.decode()) == (422, True), address
    assert not TopUp.objects.exists()
    assert not CardSetup.objects.exists()
    key = ApiKey.objects.create(
        organization=home, public_id="key_1", name="left over", prefix="sk_live_", hash=hash_of("sk_live_x"),
        scopes=["wallet:write"], created_at=clock.now(),
    )  # fmt: skip
    refused = Program(key.organization, "sk_live_x").post("/wallet/top-ups", {"amount_minor": 50_00}, key="t-1")
    assert (refused.status, refused.code) == (403, "account_applied")
