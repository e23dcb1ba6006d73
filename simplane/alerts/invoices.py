"""Invoices go out by mail. Overdue: the customer gets a mail, our people an alert; both end when it is paid."""

from __future__ import annotations

from simplane.alerts import actions
from simplane.billing.actions import mark_sent
from simplane.billing.letters import letter, mark_mailed
from simplane.billing.reminders import reminder
from simplane.core import jobs
from simplane.delivery import plain
from simplane.delivery.mime import File

LAST_STEP = 3
RULE = "invoice_overdue"


@jobs.job("alerts.invoice_issued", queue="mail")
def invoice_issued(invoice_id: int) -> None:
    """The invoice goes to the customer, once."""
    found = letter(invoice_id)
    if found is None:
        return
    file = File(content=found.pdf, name=found.file_name, kind="application/pdf")
    plain.post(found.to, subject=found.subject, text=found.text, language=found.language, file=file)
    mark_mailed(invoice_id, found.to)


@jobs.job("alerts.invoice_overdue", queue="mail")
def invoice_overdue(dunning_id: int) -> None:
    """Nothing when it was sent, paid or disputed meanwhile."""
    found = reminder(dunning_id)
    if found is None:
        return
    actions.raise_alert(
        RULE,
        found.number,
        level="critical" if found.step == LAST_STEP else "warning",
        title=f"{found.number} is {found.days} days overdue: {found.owed}",
        text="The last reminder goes out: a person takes over." if found.step == LAST_STEP else "A reminder goes out.",
    )
    plain.post(found.to, subject=found.subject, text=found.text)
    mark_sent(dunning_id)


@jobs.job("alerts.invoice_paid", queue="default")
def invoice_paid(number: str) -> None:
    """Nothing is owed of it any more."""
    actions.resolve(RULE, number)
