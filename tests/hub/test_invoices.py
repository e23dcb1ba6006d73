"""The month's invoice of an account: what the ledger says, written once with a number, never changed; and its owner told
when an automatic top-up is declined."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db import transaction as sql
from django.test import Client

from simplane.billing.actions import ProfileWanted, draft_month, save_profile
from simplane.core import clock, events, tenancy
from simplane.core.db import transaction
from simplane.core.schedule import timetable
from simplane.hub import mails
from simplane.hub.invoicing import content, write_due
from simplane.ledger.actions import capture, hold, post
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.statements import parse_month
from simplane.ledger.values import AccountRef, Posting
from simplane.organizations.models import Organization, Role
from simplane.payments.invoice_models import MonthlyInvoice
from simplane.payments.models import AutoTopUp
from simplane.payments.watch import watch_wallets
from tests import factories
from tests.billing import desk as books
from tests.delivery.conftest import PostOffice
from tests.hub.people import browser_of, member, reseller
from tests.ledger.money import BANK, funded, wallet_ref
from tests.payments.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)
SALES = AccountRef(Kind.SALES, "EUR", subject="wholesale")
REFUNDS = AccountRef(Kind.REFUNDS, "EUR", subject="wholesale")


def on(monkeypatch: pytest.MonkeyPatch, month: int, day: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, month, day, 12, tzinfo=UTC))


def busy(monkeypatch: pytest.MonkeyPatch, slug: str) -> Organization:
    """September: 100.00 paid in. October: three eSIMs at 4.50, one given back, one at 6.00; 8.00 set aside; 20.00 in."""
    home = reseller(slug=slug, name=slug.title(), vat_id="DE123456789")
    on(monkeypatch, 9, 20)
    wallet = funded(100_00, owner=home)
    on(monkeypatch, 10, 15)
    order = factories.order(organization=home, book="wholesale", account=slug)
    europe, usa = (
        factories.product(sku=f"EU-{slug}", name="Europe 5 GB"),
        factories.product(sku=f"US-{slug}", name="USA"),
    )
    units = [
        factories.unit(order=order, organization=home, product=plan, index=factories.number(), price_minor=price)
        for plan, price in ((europe, 4_50), (europe, 4_50), (europe, 4_50), (usa, 6_00))
    ]
    with transaction():
        hold(wallet, 27_50, key=order.public_id, subject=order.public_id)
        for unit in units:
            part = f"{unit.public_id}:sale"
            capture(order.public_id, unit.price_minor, [(SALES, unit.price_minor)], part=part)
        post(Fact(kind="refund", key=f"{units[0].public_id}:refund"), [Posting(REFUNDS, wallet_ref(home), 4_50)])
        post(Fact(kind="top_up", key=f"top-up:{slug}"), [Posting(BANK, wallet_ref(home), 20_00)])
    return home


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return " ".join(answer.content.decode().split())


def test_a_month_becomes_an_invoice_that_the_ledger_explains(monkeypatch: pytest.MonkeyPatch) -> None:
    acme, other = busy(monkeypatch, "acme"), busy(monkeypatch, "other")
    on(monkeypatch, 10, 31)
    finance = browser_of(member(acme, Role.FINANCE))
    so_far = shown(finance, "/hub/wallet/invoices/now/")
    assert "This is no invoice yet" in so_far
    assert write_due() == {"written": 0, "broken": 0}

    on(monkeypatch, 11, 1)
    assert [write_due(), write_due()] == [{"written": 2, "broken": 0}, {"written": 0, "broken": 0}]
    assert "hub.invoices" in timetable()
    numbers = dict(MonthlyInvoice.objects.values_list("organization__slug", "number"))
    assert sorted(numbers.values()) == ["WS-2026-00001", "WS-2026-00002"]
    row = MonthlyInvoice.objects.get(organization=acme)
    assert (row.net_minor, row.tax_minor, row.total_minor) == (15_00, 0, 15_00)

    address = f"/hub/wallet/invoices/{row.number}/"
    one = shown(finance, address)
    lines = one[one.index("<tbody>") : one.index("paid-title")]
    assert re.findall(r'class="num(?: not-phone)?">(?:<b>)?([^<\s]+)', lines) == [
        "3", "€4.50", "€13.50", "1", "€6.00", "€6.00", "1", "€4.50", "-€4.50", "€15.00", "€0.00", "€15.00",
    ]  # fmt: skip
    paid = one[one.index("paid-title") :]
    assert re.findall(r">(-?€[\d.]+)<", paid) == ["€100.00", "€20.00", "-€15.00", "€105.00"]
    assert "of it set aside for orders under way: €8.00" in paid
    assert "DE123456789" in one
    listed = shown(finance, "/hub/wallet/invoices/")
    assert (row.number in listed, numbers["other"] in listed) == (True, False)
    table = list(csv.reader(io.StringIO(finance.get(f"{address}invoice.csv").getvalue().decode())))
    assert [cells[6] for cells in table[1:]][-3:] == ["15.00", "0.00", "15.00"]
    assert {cells[0] for cells in table[1:]} == {row.number}
    assert finance.get(f"/hub/wallet/invoices/{numbers['other']}/").status_code == 404

    before = content(acme, "EUR", parse_month("2026-10"))
    assert before.opening_minor + sum(one.minor for one in before.movements) - before.net_minor == before.closing_minor
    Organization.objects.filter(pk=acme.pk).update(name="Renamed")
    assert "Acme" in shown(finance, address).split("<dt>To</dt>")[1][:60]
    for statement in ("UPDATE payments_monthlyinvoice SET net_minor = 1", "DELETE FROM payments_monthlyinvoice"):
        with pytest.raises(IntegrityError, match="never changed"), sql.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert other.pk


def test_invoices_with_tax_stand_in_the_hub_explained_and_as_pdf(settings: Any) -> None:
    books.set_day(settings, date(2026, 10, 10))
    with tenancy.everywhere():
        acme, other = reseller(slug="acme"), reseller(slug="other")
        seller = books.seller()
        wanted = ProfileWanted(address=replace(books.GERMAN, name="Acme GmbH"), since=date(2026, 9, 1))
        save_profile(acme, seller, wanted)
        books.on_credit(acme)
        unit = books.buys(acme, 10_00)
        books.set_day(settings, date(2026, 11, 3))
        row = books.locked(acme)
        books.buys(acme, 3_00)
        books.set_day(settings, date(2026, 12, 3))
        (draft,) = draft_month(acme, books.NOVEMBER).invoices
    assert write_due() == {"written": 0, "broken": 0}
    finance, stranger = browser_of(member(acme, Role.FINANCE)), browser_of(member(other))

    listed = shown(finance, "/hub/wallet/invoices/")
    assert (row.number in listed, "€11.90" in listed, draft.public_id in listed) == (True, True, False)
    address = f"/hub/wallet/invoices/{row.public_id}/"
    assert "?line=1#why" in shown(finance, address)
    assert unit in shown(finance, f"{address}?line=1")
    assert finance.get(f"{address}invoice.pdf").content[:5] == b"%PDF-"
    assert unit in finance.get(f"{address}invoice.csv").content.decode()
    assert row.number not in shown(stranger, "/hub/wallet/invoices/")
    for who, found in ((stranger, row), (finance, draft)):
        for end in ("", "invoice.pdf", "invoice.csv"):
            assert who.get(f"/hub/wallet/invoices/{found.public_id}/{end}").status_code == 404


def test_an_owner_hears_of_every_decline_and_tries_again(desk: Desk, payer: Client, post_office: PostOffice) -> None:
    card = desk.card("pm_card_chargeCustomerFail")
    home = Organization.objects.get(test_twin=desk.organization)
    member(home, Role.OWNER, email="rita@acme.example")
    rule = {"currency": "EUR", "below": "10", "amount": "25.00", "cap": "100", "card": card.public_id}
    payer.post("/hub/wallet/top-ups/automatic/", rule)
    watch_wallets()
    desk.work()
    for news in ("AutoTopUpDeclined", "AutoTopUpHeld"):
        assert events.reactions()[news] == ("hub.tell_auto_top_up",)
    mails.tell_auto_top_up(desk.organization.pk, "EUR")

    mail = post_office.mails()[-1]
    text = mail.get_content()
    assert (mail["To"], mail["Subject"]) == ("Rita Reseller <rita@acme.example>", "Automatic top-up in EUR: declined")
    assert "Your card was declined." in text
    assert "It is tried again on" in text
    page = shown(payer, "/hub/wallet/top-ups/")
    assert "Declined once; tried again" in page
    assert "Try again now" in page
    assert "automatic top-up was not made" in shown(payer, "/hub/")
    answer = payer.post("/hub/wallet/top-ups/automatic/again/", {"currency": "EUR"})
    assert answer.headers["Location"].startswith("/hub/wallet/top-ups/top_")
    assert "Your card was declined." in shown(payer, answer.headers["Location"])
    assert AutoTopUp.objects.get().declined == 2

    payer.post("/hub/wallet/top-ups/automatic/", rule | {"card": desk.card().public_id})
    watch_wallets()
    desk.work()
    assert desk.wallet() == 25_00
    refused = payer.post("/hub/wallet/top-ups/automatic/again/", {"currency": "EUR"})
    assert (refused.status_code, "Nothing was done" in refused.content.decode()) == (422, True)
    sent = len(post_office.mails())
    mails.tell_auto_top_up(desk.organization.pk, "EUR")
    assert len(post_office.mails()) == sent
