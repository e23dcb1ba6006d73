"""Jobs of companies' pages: their mails, and what they could save."""

from __future__ import annotations

from typing import Any

from simplane.company import mails, savings_found
from simplane.core import jobs
from simplane.core.schedule import scheduled


@jobs.job("company.send_invitation", queue="mail")
def send_invitation(invitation_id: int) -> None:
    mails.send_invitation(invitation_id)


@jobs.job("company.find_savings", queue="default")
def find_savings(organization_id: int) -> None:
    savings_found.find(organization_id)


@jobs.job("company.ask_for_shared_plan", queue="default")
def ask_for_shared_plan(organization_id: int, saving_id: int) -> None:
    savings_found.ask_us(organization_id, saving_id)


@scheduled("company_savings", cron="50 5 * * *", title="What companies could save", most_seconds=300)
def company_savings() -> dict[str, Any]:
    return {"companies": savings_found.find_all()}
