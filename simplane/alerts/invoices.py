"""Overdue invoices: the customer gets a mail, our people an alert; both end when it is paid."""

from __future__ import annotations

from simplane.alerts import actions
from simplane.billing.actions import mark_sent
from simplane.billing.reminders import reminder
from simplane.core import jobs
from simplane.delivery import plain

LAST_STEP = 3
RULE = "invoice_overdue"


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
