"""What pages and accountants get: lists, explanations, files; and that a customer sees its own only."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, connection, transaction

from simplane.billing import accounting, exports, port, queries, reminders
from simplane.billing.actions import Transfer, credit, draft_month, dun_all, mark_paid, mark_sent
from simplane.billing.errors import NotInvoiceable
from simplane.billing.models import DunningStep, Invoice, InvoiceDocument
from simplane.billing.values import BillableFact, LineKind
from simplane.core import clock, tenancy
from simplane.core.errors import NotFound
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.ledger.chart import Kind
from simplane.ledger.models import Entry
from simplane.ledger.values import AccountRef
from simplane.organizations.models import Organization
from tests.billing.desk import NOVEMBER, OCTOBER, buys, company, locked, on_credit, prepaid, set_day

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages above name units and know of one fee."""

    def namer(owner: Organization, units: Any) -> dict[str, port.Named]:
        people = ("ana", "ben")
        return {
            unit: port.Named(what="Europe 10 GB", sku="EU10", person=people[number % 2], cost_centre=f"=47{number % 2}")
            for number, unit in enumerate(sorted(units))
        }

    def source(owner: Organization, month: date) -> list[BillableFact]:
        at = clock.now().replace(month=10)
        fee = BillableFact(key=f"fee:{owner.pk}", kind=LineKind.FEE, what="Set-up", minor=50_00, currency="EUR", at=at)
        return [fee]

    monkeypatch.setattr(port, "_namers", [])
    monkeypatch.setattr(port, "_sources", [])
    port.register_namer(namer)
    port.register_source(source)


@pytest.mark.usefixtures("_told")
def test_a_line_is_explained_by_who_what_and_which_entry(settings: Any) -> None:
    owner = company()
    on_credit(owner)
    units = sorted(buys(owner, 10_00) for _ in range(3))
    set_day(settings, date(2026, 11, 2))
    row = locked(owner)

    assert [one.pk for one in queries.invoices(queries.Wanted(month=OCTOBER, text="müller")).invoices] == [row.pk]
    assert queries.invoices(queries.Wanted(states=("draft",))).invoices == ()
    found = queries.story(row.public_id)
    assert [(one.line.kind, one.line.cost_centre, one.line.quantity, one.facts) for one in found.lines] == [
        ("plan", "=470", 2, 2),
        ("plan", "=471", 1, 1),
        ("fee", "", 1, 1),
    ]
    why = queries.explained(row.public_id, 1)
    assert [(one.unit, one.person, one.minor) for one in why.facts] == [
        (units[0], "ana", 10_00),
        (units[2], "ana", 10_00),
    ]
    transactions = [one.transaction_id for one in why.facts if one.transaction_id]
    entries = Entry.objects.filter(transaction__in=transactions, account__kind="held")
    assert [one.amount_minor for one in entries] == [-10_00, -10_00]
    with pytest.raises(NotFound):
        queries.explained(row.public_id, 4)
    assert ledger.balance(AccountRef(Kind.SALES, "EUR", subject="wholesale")) == 80_00, "the fee is a sale from now on"
    assert draft_month(owner, OCTOBER).invoices == (row,)
    set_day(settings, date(2026, 12, 1))
    assert draft_month(owner, NOVEMBER).invoices == (), "neither fact nor fee is billed again"

    name, pdf = queries.document(row.public_id)
    assert (name, pdf[:5]) == ("R2026-00001.pdf", b"%PDF-")
    note = credit(row.pk, reason="never used", quantities={1: 1})
    assert queries.explained(note.public_id, 1).credits == why.line
    assert [(one.kind, one.many, one.gross_minor) for one in queries.month_sums(OCTOBER)] == [
        ("credit_note", 1, 11_90),
        ("invoice", 1, 95_20),
    ]


@pytest.mark.usefixtures("_told")
def test_files_add_up_run_nothing_and_the_accounting_export_balances_and_never_changes(settings: Any) -> None:
    owner, rich = company(), company("US")
    on_credit(owner)
    prepaid(rich, 25_00)
    for one in (owner, owner, rich):
        buys(one, 19_99)
    set_day(settings, date(2026, 11, 2))
    row, other = locked(owner), locked(rich)
    credit(row.pk, reason="never used", quantities={1: 1})
    mark_paid(other.pk, Transfer(money=Money(44_99, "EUR"), reference="=SEPA", received_on=date(2026, 11, 2)))
    rows = Invoice.objects.filter(month=OCTOBER)

    table = list(csv.DictReader(exports.invoices_csv(rows)))
    lines = list(csv.DictReader(exports.lines_csv(rows)))
    facts = list(csv.DictReader(exports.facts_csv(rows)))
    assert [one["number"] for one in table] == ["R2026-00001", "R2026-00002", "R2026-00003"]
    assert sum(Decimal(one["net"]) for one in table) == sum(Decimal(one["net"]) for one in lines) == Decimal("139.98")
    assert {one["cost centre"] for one in lines} == {"'=470", "'=471", ""}
    assert (len(facts), {one["person"] for one in facts}) == (5, {"ana", "ben", ""})
    sheets = zipfile.ZipFile(io.BytesIO(exports.to_xlsx(rows)))
    assert b"<f>" not in b"".join(sheets.read(name) for name in sheets.namelist())

    with pytest.raises(NotInvoiceable, match="not over"):
        accounting.accounting_csv(row.seller_id, NOVEMBER)
    set_day(settings, date(2026, 12, 1))
    made = "".join(accounting.accounting_csv(row.seller_id, NOVEMBER))
    credit(row.pk, reason="the rest neither")
    assert "".join(accounting.accounting_csv(row.seller_id, NOVEMBER)) == made
    sides: defaultdict[str, Decimal] = defaultdict(Decimal)
    accounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for side in csv.DictReader(io.StringIO(made)):
        amount = Decimal(side["debit"] or 0) - Decimal(side["credit"] or 0)
        sides[side["document"]] += amount
        accounts[side["account"]] += amount
    assert set(sides.values()) == {0}
    assert accounts == {
        "receivable": Decimal("83.29"),
        "revenue S": Decimal("-69.99"),
        "revenue O": Decimal("-69.99"),
        "tax": Decimal("-13.30"),
        "prepaid": Decimal("25.00"),
        "bank": Decimal("44.99"),
    }


def test_a_customer_sees_its_own_invoices_and_writes_none(settings: Any) -> None:
    mine, theirs = company(), company()
    for one in (mine, theirs):
        on_credit(one)
        buys(one, 10_00)
    set_day(settings, date(2026, 11, 2))
    row, other = locked(mine), locked(theirs)
    tenancy._scope.set(None)

    with tenancy.scope(mine.pk):
        assert [one.pk for one in queries.invoices(queries.Wanted()).invoices] == [row.pk]
        assert queries.story(row.public_id).invoice == row
        assert queries.document(row.public_id)[1] == bytes(InvoiceDocument.objects.get().pdf)
        assert len(list(exports.facts_csv(Invoice.objects.all()))) == 2
        with pytest.raises(NotFound):
            queries.document(other.public_id)
        with connection.cursor() as cursor:
            cursor.execute("SELECT organization_id FROM billing_billedfact")
            assert cursor.fetchall() == [(mine.pk,)]
        for statement in ("UPDATE billing_invoice SET dispute = 'x'", "SELECT * FROM billing_seller"):
            with pytest.raises(Error, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with pytest.raises(tenancy.Unscoped):
            draft_month(mine, OCTOBER)


def test_a_reminder_speaks_the_customers_language_and_is_silent_when_paid(settings: Any) -> None:
    owner = company(language="de")
    on_credit(owner)
    buys(owner, 100_00)
    set_day(settings, date(2026, 11, 2))
    row = locked(owner)
    set_day(settings, date(2026, 11, 20))
    assert dun_all() == 1
    step = DunningStep.objects.get()

    mail = reminders.reminder(step.pk)

    assert mail is not None
    assert (mail.to, mail.days, mail.subject) == (
        "finance@company.example",
        4,
        "Zahlungserinnerung: Rechnung R2026-00001",
    )
    assert "119,00" in mail.text
    assert "16.11.2026 fällig" in mail.text
    assert (mark_sent(step.pk), mark_sent(step.pk), reminders.reminder(step.pk)) == (True, False, None)
    DunningStep.objects.update(sent_at=None)
    mark_paid(row.pk, Transfer(money=Money(119_00, "EUR"), reference="SEPA 9", received_on=date(2026, 11, 20)))
    assert reminders.reminder(step.pk) is None
