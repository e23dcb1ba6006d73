"""Mails to the members of a company."""

from __future__ import annotations

from simplane.delivery import plain
from simplane.organizations.company_roles import WORDS
from simplane.organizations.hosts import address_of
from simplane.organizations.invitations import fresh_secret
from simplane.organizations.models import CompanyRole

_JOIN = """Hello,

{inviter} invites you to the eSIM pages of {company}, as {role}: {words}.

Accept within seven days:

{link}

If you do not know what this is about, do nothing.
"""


def send_invitation(invitation_id: int) -> None:
    """Mail the link of an open invitation, with a secret made for this mail. Nothing when it is not open any more."""
    found = fresh_secret(invitation_id)
    if found is None:
        return
    invitation, secret = found
    company, by, role = invitation.organization, invitation.invited_by, CompanyRole(invitation.role)
    text = _JOIN.format(
        inviter=(by.name or by.email) if by else "Simplane",
        company=company.name,
        role=role.label.lower(),
        words=WORDS[role],
        link=f"{address_of(company.slug)}/invited/{secret}/",
    )
    plain.post(invitation.email, subject=f"Invitation to {company.name}", text=text)
