"""Mails to the people of a reseller: an invitation, the confirmation of an address, our word about the account."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from simplane.delivery import plain
from simplane.organizations.invitations import fresh_secret
from simplane.organizations.models import Invitation, Membership, Organization, Role
from simplane.organizations.roles import WORDS

_CONFIRM = """Hello,

somebody (you, we hope) applied for a reseller account for {company} with this address.

Confirm the address and choose a password, within seven days:

{link}

If it was not you, do nothing: nobody can sign in.
"""
_JOIN = """Hello,

{inviter} invites you to work for {company} in the Simplane hub, as {role}: {words}.

Accept within seven days:

{link}

If you do not know what this is about, do nothing.
"""
_APPROVED = """Hello,

the account of {company} is approved. Make a live API key in the hub, top up the wallet, and order:

{link}

What you set up in test mode works the same way: only the key changes.
"""


def send_invitation(invitation_id: int) -> None:
    """Mail the link of an open invitation, with a secret made for this mail. Nothing when it is not open any more."""
    found = fresh_secret(invitation_id)
    if found is None:
        return
    invitation, secret = found
    link = settings.SIMPLANE.base_url + reverse("hub:invited", args=[secret])
    plain.post(invitation.email, subject=_subject(invitation), text=_text(invitation, link))


def tell_approved(organization_id: int) -> None:
    """Mail the owners of an account that it is approved."""
    organization = Organization.objects.get(pk=organization_id)
    text = _APPROVED.format(company=organization.name, link=settings.SIMPLANE.base_url + reverse("hub:overview"))
    owners = Membership.objects.select_related("user").filter(organization=organization, role=Role.OWNER)
    for one in owners:
        plain.post(one.user.email, subject="Your account is approved", text=text, name=one.user.name)


def _subject(invitation: Invitation) -> str:
    if invitation.invited_by is None:
        return "Confirm your e-mail address"
    return f"Invitation to {invitation.organization.name}"


def _text(invitation: Invitation, link: str) -> str:
    company = invitation.organization.name
    if invitation.invited_by is None:
        return _CONFIRM.format(company=company, link=link)
    role = Role(invitation.role)
    inviter = invitation.invited_by.name or invitation.invited_by.email
    return _JOIN.format(inviter=inviter, company=company, role=role.label.lower(), words=WORDS[role], link=link)
