"""An overdue invoice: one mail to the customer, an alert to us until it is paid."""

from __future__ import annotations

from datetime import UTC, date, datetime

from simplane.alerts.invoices import invoice_issued, invoice_overdue, invoice_paid
from simplane.alerts.models import Alert
from simplane.billing import queries
from simplane.billing.actions import Transfer, credit, dun_all, mark_paid
from simplane.billing.models import DunningStep, InvoiceMail
from simplane.core.money import Money
from simplane.core.tenancy import everywhere
from tests.alerts.conftest import Channels
from tests.billing.desk import buys, company, locked, on_credit


def test_an_issued_invoice_is_mailed_once_with_its_pdf_in_the_customer_s_language(channels: Channels) -> None:
    with everywhere():
        channels.change(clock_freeze=datetime(2026, 10, 10, tzinfo=UTC))
        owner = company(language="de")
        on_credit(owner)
        buys(owner, 100_00)
        channels.change(clock_freeze=datetime(2026, 11, 2, tzinfo=UTC))
        row = locked(owner)
        note = credit(row.pk, reason="falsch", quantities={1: 1})

    for one in (row, row, note):
        invoice_issued(one.pk)

    first, second = sorted(channels.mails(), key=lambda one: one["Subject"])
    assert (first["To"], first["Subject"]) == ("finance@company.example", "Rechnung R2026-00001 von Simplane GmbH")
    assert second["Subject"] == "Rechnungskorrektur R2026-00002 von Simplane GmbH"
    (text, pdf) = first.iter_parts()
    assert "119,00\xa0€, davon zu zahlen bis 16.11.2026: 0,00\xa0€" in text.get_content()
    assert f"/invoices/{row.public_id}/" in text.get_content()
    with everywhere():
        assert (pdf.get_filename(), pdf.get_content()) == queries.document(row.public_id)
        assert InvoiceMail.objects.get(invoice=row).to == "finance@company.example"


def test_an_overdue_invoice_is_told_to_the_customer_once_and_to_us_until_it_is_paid(channels: Channels) -> None:
    with everywhere():
        channels.change(clock_freeze=datetime(2026, 10, 10, tzinfo=UTC))
        owner = company()
        on_credit(owner)
        buys(owner, 100_00)
        channels.change(clock_freeze=datetime(2026, 11, 2, tzinfo=UTC))
        row = locked(owner)
        channels.change(clock_freeze=datetime(2026, 11, 20, tzinfo=UTC))
        assert dun_all() == 1
        step = DunningStep.objects.get()

    invoice_overdue(step.pk)
    invoice_overdue(step.pk)

    (mail,) = channels.mails()
    assert (mail["To"], mail["Subject"]) == ("finance@company.example", "Reminder: invoice R2026-00001")
    assert "€119.00 is still to be paid" in mail.get_content()
    alert = Alert.objects.get(rule="invoice_overdue")
    assert (alert.subject, alert.level, alert.count) == ("R2026-00001", "warning", 1)

    transfer = Transfer(money=Money(119_00, "EUR"), reference="SEPA 1", received_on=date(2026, 11, 20))
    mark_paid(row.pk, transfer)
    invoice_paid(row.number)
    alert.refresh_from_db()
    assert alert.resolved_at is not None
