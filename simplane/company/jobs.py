"""Jobs of companies' pages: their mails."""

from __future__ import annotations

from simplane.company import mails
from simplane.core import jobs


@jobs.job("company.send_invitation", queue="mail")
def send_invitation(invitation_id: int) -> None:
    mails.send_invitation(invitation_id)
