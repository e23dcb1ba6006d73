"""Mails to the people of a reseller: an invitation, the confirmation of an address, our word about the account."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from simplane.delivery import plain
from simplane.organizations.invitations import fresh_secret
from simplane.organizations.models import Invitation, Membership, Organization, Role
from simplane.organizations.roles import WORDS
from simplane.payments import queries
from simplane.payments.models import AutoTopUp

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
_DECLINED = """Hello,

the automatic top-up of the {currency} wallet of {company}{mode} did not go through: {reason}

{then}

Pay another way, choose another card, or try again now:

{link}
"""
_HELD = """Hello,

the {currency} wallet of {company}{mode} is below the amount you chose, and no automatic top-up is made: {reason}

Change the automatic top-up, or top up by hand:

{link}
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
    for email, name in _owners(organization):
        plain.post(email, subject="Your account is approved", text=text, name=name)


def tell_auto_top_up(organization_id: int, currency: str) -> None:
    """Mail where notices of the account go why an automatic top-up was not made. Nothing when that is over meanwhile."""
    rule = queries.auto_top_up(organization_id, currency)
    if rule is None or not rule.problem:
        return
    organization = Organization.objects.select_related("twin_of").get(pk=organization_id)
    home = organization.twin_of or organization
    declined = rule.declined > 0 and not rule.armed
    subject = f"Automatic top-up in {currency}: {'declined' if declined else 'not made'}"
    text = (_DECLINED if declined else _HELD).format(
        company=home.name,
        mode=" (test mode, play money)" if organization.is_test else "",
        currency=currency,
        reason=rule.problem,
        then=_then(rule),
        link=f"{settings.SIMPLANE.base_url}{reverse('hub:top_ups')}?currency={currency}",
    )
    for email, name in [(home.contact_email, "")] if home.contact_email else _owners(home):
        plain.post(email, subject=subject, text=text, name=name)


def _then(rule: AutoTopUp) -> str:
    if rule.retry_at is None:
        return "It is not tried again by itself."
    return f"It is tried again on {rule.retry_at:%-d %B %Y at %H:%M} UTC."


def _owners(organization: Organization) -> list[tuple[str, str]]:
    rows = Membership.objects.filter(organization=organization, role=Role.OWNER)
    return list(rows.values_list("user__email", "user__name"))


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
