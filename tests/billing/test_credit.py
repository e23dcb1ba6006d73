"""Correcting a locked invoice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simplane.billing.actions import Transfer, check, credit, draft_month, lock, mark_paid
from simplane.billing.errors import NotNow
from simplane.billing.models import BillingProfile, Invoice, InvoiceDocument, InvoiceLine
from simplane.core.errors import BadInput
from simplane.core.money import Money
from simplane.ledger import queries
from simplane.ledger.chart import Kind
from simplane.ledger.models import Transaction, Wallet
from simplane.ledger.values import AccountRef
from simplane.ledger.verify import verify
from simplane.organizations.models import Organization
from tests.billing.desk import OCTOBER, buys, company, locked, on_credit, prepaid, set_day

pytestmark = pytest.mark.django_db(transaction=True)
TAX = AccountRef(Kind.TAX, "EUR", subject="DE")
REFUNDS = AccountRef(Kind.REFUNDS, "EUR", subject="wholesale")
SALES = AccountRef(Kind.SALES, "EUR", subject="wholesale")


def _owed(owner: Organization) -> int:
    return queries.balance(AccountRef(Kind.CREDIT, "EUR", owner.pk))


def _wallet(owner: Organization) -> int:
    return Wallet.objects.get(organization=owner).balance_minor


def test_lines_are_given_back_in_parts_and_together_they_are_the_invoice(settings: Any) -> None:
    owner = company()
    on_credit(owner)
    for _ in range(3):
        buys(owner, 3_33)
    set_day(settings, date(2026, 11, 2))
    row = locked(owner)
    assert (row.gross_minor, row.tax_minor) == (11_89, 1_90)

    first = credit(row.pk, reason="one did not work", quantities={1: 1})

    assert (first.number, first.gross_minor, first.state) == ("R2026-00002", 3_96, "locked")
    assert first.corrects == row
    xml = bytes(InvoiceDocument.objects.get(invoice=first).xml)
    assert b"<ram:TypeCode>381</ram:TypeCode>" in xml
    assert b"<ram:IssuerAssignedID>R2026-00001</ram:IssuerAssignedID>" in xml
    for wrong in ({1: 3}, {2: 1}, {1: 0}, {1: -1}, {}):
        with pytest.raises(BadInput):
            credit(row.pk, reason="x", quantities=wrong)
    with pytest.raises(NotNow, match="credit note itself"):
        credit(first.pk, reason="x")
    with pytest.raises(BadInput, match="reason"):
        credit(row.pk, reason=" ")

    mark_paid(row.pk, Transfer(money=Money(7_93, "EUR"), reference="SEPA 1", received_on=date(2026, 11, 2)))
    assert Invoice.objects.get(pk=row.pk).state == "paid"
    second = credit(row.pk, reason="the others neither")

    row.refresh_from_db()
    assert (row.state, row.credited_minor, row.returned_minor, row.outstanding_minor) == ("credited", 11_89, 7_93, 0)
    assert second.tax_minor == 1_90 - first.tax_minor, "to the cent"
    assert (_owed(owner), _wallet(owner), queries.balance(TAX), queries.balance(REFUNDS)) == (0, 7_93, 0, 9_99)
    assert InvoiceLine.objects.get(invoice=second).credits == InvoiceLine.objects.get(invoice=row)
    with pytest.raises(NotNow, match="whole already"):
        credit(row.pk, reason="x")
    assert verify().problems == ()


@pytest.mark.parametrize("rich", [True, False])
def test_a_wrong_invoice_is_undone_and_its_month_written_again(settings: Any, rich: bool) -> None:
    owner = company()
    if rich:
        prepaid(owner, 300_00)
    else:
        on_credit(owner)
    buys(owner, 100_00)
    before = _wallet(owner)
    set_day(settings, date(2026, 11, 2))
    row = locked(owner)
    assert row.state == ("paid" if rich else "locked")

    credit(row.pk, reason="wrong address", again=True)

    assert (_wallet(owner), _owed(owner), queries.balance(TAX), queries.balance(SALES)) == (before, 0, 0, 100_00)
    BillingProfile.objects.filter(organization=owner).update(street="Neue Straße 1")
    (fresh,) = draft_month(owner, OCTOBER).invoices
    assert check(fresh.pk) == []
    assert lock(fresh.pk).number == "R2026-00003"
    assert (fresh.gross_minor, fresh.month) == (row.gross_minor, row.month)
    assert _owed(owner) == (0 if rich else 119_00)
    assert Transaction.objects.filter(kind="invoice").count() == 2
    assert verify().problems == ()
