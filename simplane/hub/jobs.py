"""Jobs of the hub: its mails, and the invoices of its accounts."""

from __future__ import annotations

from simplane.core import jobs
from simplane.core.schedule import scheduled
from simplane.hub import invoicing, mails


@jobs.job("hub.send_invitation", queue="mail")
def send_invitation(invitation_id: int) -> None:
    mails.send_invitation(invitation_id)


@jobs.job("hub.tell_approved", queue="mail")
def tell_approved(organization_id: int) -> None:
    mails.tell_approved(organization_id)


@jobs.job("hub.tell_auto_top_up", queue="mail")
def tell_auto_top_up(organization_id: int, currency: str) -> None:
    mails.tell_auto_top_up(organization_id, currency)


@scheduled("hub.invoices", cron="10 4 * * *", title="Monthly invoices of resellers", most_seconds=1800)
def write_invoices() -> dict[str, int]:
    """Write the invoices of months that are over."""
    return dict(invoicing.write_due())
