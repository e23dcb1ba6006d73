"""The way of an invoice: drafted, checked, locked, paid; and that nothing moves it afterwards."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader

from simplane.billing import einvoice, paper, proof, reading
from simplane.billing.actions import (
    Transfer,
    check,
    check_all,
    dispute,
    draft_all,
    draft_month,
    dun_all,
    find_invoice,
    lock,
    mark_paid,
    settle_dispute,
)
from simplane.billing.errors import BadPayment, ChangedSinceCheck, NotInvoiceable, NotNow
from simplane.billing.models import (
    BilledFact,
    BillingProfile,
    DunningStep,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    NumberSeries,
)
from simplane.core.models import Event
from simplane.core.money import Money
from simplane.ledger import queries
from simplane.ledger.chart import Kind
from simplane.ledger.models import Transaction, Wallet
from simplane.ledger.values import AccountRef
from simplane.ledger.verify import verify
from simplane.organizations.models import Organization
from tests.billing.desk import NOVEMBER, OCTOBER, buys, company, gets_back, locked, on_credit, prepaid, set_day

pytestmark = pytest.mark.django_db(transaction=True)


def _owed(owner: Organization) -> int:
    return queries.balance(AccountRef(Kind.CREDIT, "EUR", owner.pk))


def _wallet(owner: Organization) -> int:
    return Wallet.objects.get(organization=owner).balance_minor


def test_a_month_is_drafted_the_same_twice_and_what_is_late_goes_into_the_next(settings: Any) -> None:
    owner = company()
    on_credit(owner)
    first = buys(owner, 19_99)
    buys(owner, 19_99)
    buys(owner, 3_33)
    gets_back(owner, first, 19_99)
    with pytest.raises(NotInvoiceable, match="not over"):
        draft_month(owner, OCTOBER)
    set_day(settings, date(2026, 11, 2))
    buys(owner, 7_00)

    (row,) = draft_month(owner, OCTOBER).invoices
    (again,) = draft_month(owner, OCTOBER).invoices

    assert (row.pk, row.fingerprint) == (again.pk, again.fingerprint)
    lines = InvoiceLine.objects.filter(invoice=row).order_by("position")
    assert list(lines.values_list("kind", "quantity", "unit_minor", "net_minor")) == [
        ("plan", 1, 3_33, 3_33),
        ("plan", 2, 19_99, 39_98),
        ("credit", -1, 19_99, -19_99),
    ]
    assert (row.net_minor, row.tax_minor, row.gross_minor) == (23_32, 4_43, 27_75)
    assert check(row.pk) == []
    assert draft_month(owner, OCTOBER).invoices[0].state == "checked", "nothing changed: it stays checked"

    set_day(settings, date(2026, 10, 31))
    late = buys(owner, 5_00)
    set_day(settings, date(2026, 11, 2))
    issued = lock(row.pk)
    assert draft_month(owner, OCTOBER).invoices == (issued,)
    assert not BilledFact.objects.filter(unit=late).exists()

    set_day(settings, date(2026, 12, 1))
    (next_one,) = draft_month(owner, NOVEMBER).invoices
    told = InvoiceLine.objects.filter(invoice=next_one).order_by("position").values_list("net_minor", "since")
    assert list(told) == [(5_00, OCTOBER), (7_00, NOVEMBER)]


def test_a_locked_invoice_has_number_document_and_entries_and_is_never_changed(settings: Any) -> None:
    owner = company(language="de")
    on_credit(owner)
    buys(owner, 100_00)
    set_day(settings, date(2026, 11, 2))
    (row,) = draft_month(owner, OCTOBER).invoices
    with pytest.raises(NotNow, match="not checked"):
        lock(row.pk)
    assert check(row.pk) == []

    issued = lock(row.pk)

    assert (issued.number, issued.state, issued.due_on) == ("R2026-00001", "locked", date(2026, 11, 16))
    assert (_owed(owner), _wallet(owner)) == (119_00, 0)
    assert queries.balance(AccountRef(Kind.TAX, "EUR", subject="DE")) == 19_00
    assert lock(row.pk).number == issued.number
    assert Transaction.objects.filter(kind="invoice").count() == 1
    paper_ = InvoiceDocument.objects.get(invoice=issued)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(bytes(paper_.pdf))).pages)
    for wanted in ("Rechnung R2026-00001", "119,00", "München", "DE02120300000000202051", "PO-77"):
        assert wanted in text.replace("\xa0", " ")
    document = reading.document_of(
        issued, number=issued.number, issued_on=date(2026, 11, 2), days=14, paid_minor=issued.from_wallet_minor
    )
    xml = einvoice.to_xml(document)
    assert (xml, paper.to_pdf(document, xml)) == (bytes(paper_.xml), bytes(paper_.pdf)), "made again byte for byte"

    for statement in (
        "UPDATE billing_invoice SET gross_minor = 1",
        "UPDATE billing_invoice SET state = 'draft'",
        "DELETE FROM billing_invoice",
        "UPDATE billing_invoiceline SET what = 'another'",
        "UPDATE billing_billedfact SET minor = 1",
        "DELETE FROM billing_billedfact",
        "UPDATE billing_invoicedocument SET pdf = ''",
        "DELETE FROM billing_invoicedocument",
        "TRUNCATE billing_invoice CASCADE",
    ):
        with pytest.raises(IntegrityError, match="billing: "), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    line = InvoiceLine.objects.get()
    line.pk, line.position = None, 2
    with pytest.raises(IntegrityError, match="locked invoice"):
        line.save()
    assert verify().problems == ()


def test_prepaid_money_pays_an_invoice_as_far_as_it_goes(settings: Any) -> None:
    rich, poor = company(), company()
    prepaid(rich, 500_00)
    prepaid(poor, 105_00)
    for owner in (rich, poor):
        buys(owner, 100_00)
    set_day(settings, date(2026, 11, 2))

    first, second = locked(rich), locked(poor)

    assert (first.number, second.number) == ("R2026-00001", "R2026-00002")
    assert (first.state, first.from_wallet_minor, _wallet(rich), _owed(rich)) == ("paid", 119_00, 381_00, 0)
    assert (second.state, second.from_wallet_minor, _wallet(poor), _owed(poor)) == ("locked", 105_00, 0, 14_00)
    assert b"14.00</ram:DuePayableAmount>" in bytes(InvoiceDocument.objects.get(invoice=second).xml)
    assert Event.objects.filter(name="InvoicePaid").count() == 1


def test_a_number_that_was_not_used_is_given_to_the_next(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = [company(), company(name="株式会社"), company()]
    for owner in owners:
        on_credit(owner)
        buys(owner, 10_00)
    buys_nothing = company()
    no_vat = company("FR")
    on_credit(no_vat)
    buys(no_vat, 10_00)
    set_day(settings, date(2026, 11, 2))

    run = draft_all(OCTOBER)

    assert (run.invoices, [slug for slug, _ in run.refused]) == (3, [no_vat.slug])
    assert not Invoice.objects.filter(organization=buys_nothing).exists()
    rows = [Invoice.objects.get(organization=owner) for owner in owners]
    assert [len(check(row.pk)) for row in rows] == [0, 1, 0]
    assert "could not be displayed" in check(rows[1].pk)[0]

    assert lock(rows[0].pk).number == "R2026-00001"
    monkeypatch.setattr(proof, "require_proper", _power_cut)
    with pytest.raises(RuntimeError):
        lock(rows[2].pk)
    monkeypatch.undo()
    assert lock(rows[2].pk).number == "R2026-00002"
    assert NumberSeries.objects.get().last == 2
    assert Transaction.objects.filter(kind="invoice").count() == 2


def test_who_locks_at_the_same_time_gets_numbers_without_gap_or_double(settings: Any) -> None:
    owners = [company() for _ in range(4)]
    for owner in owners:
        on_credit(owner)
        buys(owner, 10_00)
    set_day(settings, date(2026, 11, 2))
    draft_all(OCTOBER)
    assert check_all(OCTOBER) == {}
    wanted = list(Invoice.objects.values_list("pk", flat=True)) * 2

    with ThreadPoolExecutor(3) as pool:
        numbers = list(pool.map(_locked_elsewhere, wanted))

    assert sorted(set(numbers)) == [f"R2026-0000{n}" for n in range(1, 5)]
    assert numbers[:4] == numbers[4:]
    assert Transaction.objects.filter(kind="invoice").count() == 4
    assert sum(_owed(owner) for owner in owners) == 4 * 11_90


def _locked_elsewhere(invoice_id: int) -> str:
    try:
        return lock(invoice_id).number
    finally:
        connection.close()


def _power_cut(xml: bytes) -> None:
    raise RuntimeError("power cut")


def test_what_changed_since_the_check_is_not_locked(settings: Any) -> None:
    owner = company()
    on_credit(owner)
    buys(owner, 10_00)
    set_day(settings, date(2026, 11, 2))
    (row,) = draft_month(owner, OCTOBER).invoices
    assert check(row.pk) == []
    BillingProfile.objects.filter(organization=owner).update(street="Neue Straße 1")

    with pytest.raises(ChangedSinceCheck):
        lock(row.pk)
    assert check(row.pk) == ["The names or addresses changed since it was drafted: draft the month again."]
    assert locked(owner).parties["buyer"]["street"] == "Neue Straße 1"


def test_a_transfer_finds_its_invoice_and_counts_once(settings: Any) -> None:
    owner = company()
    on_credit(owner)
    buys(owner, 100_00)
    set_day(settings, date(2026, 11, 2))
    row = locked(owner)

    def transfer(minor: int, reference: str = "SEPA 4711", currency: str = "EUR") -> Transfer:
        return Transfer(money=Money(minor, currency), reference=reference, received_on=date(2026, 11, 2))

    assert find_invoice("Inv. r 2026 - 00001 thanks") == row
    assert find_invoice("for October") is None
    mark_paid(row.pk, transfer(100_00))
    assert mark_paid(row.pk, transfer(100_00)).state == "locked"
    assert _owed(owner) == 19_00
    for wrong in (transfer(19_01, "x-1"), transfer(1_00), transfer(19_00, "x-2", "USD"), transfer(0, "x-3")):
        with pytest.raises(BadPayment):
            mark_paid(row.pk, wrong)
    done = mark_paid(row.pk, transfer(19_00, "SEPA 4712"))

    assert (done.state, done.outstanding_minor, _owed(owner)) == ("paid", 0, 0)
    assert queries.balance(AccountRef(Kind.BANK, "EUR")) == 119_00
    assert verify().problems == ()


def test_reminders_go_out_step_by_step_and_never_for_what_is_disputed(settings: Any) -> None:
    owner, other = company(), company()
    for one in (owner, other):
        on_credit(one)
        buys(one, 100_00)
    set_day(settings, date(2026, 11, 2))
    row, quiet = locked(owner), locked(other)
    dispute(quiet.pk, reason="we never got it")

    written = []
    for day in (date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 20)):
        set_day(settings, day)
        written.append((dun_all(), dun_all()))
    assert written == [(0, 0), (1, 0), (1, 0), (0, 0), (1, 0)]
    assert list(DunningStep.objects.values_list("invoice", "step").order_by("pk")) == [(row.pk, n) for n in (1, 2, 3)]
    assert Event.objects.filter(name="InvoiceOverdue", data__step=3, data__number=row.number).count() == 1

    settle_dispute(quiet.pk, reason="it was delivered")
    assert (dun_all(), dun_all()) == (1, 0), "the first reminder, and not two at once"
