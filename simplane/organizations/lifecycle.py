"""Our word about an account: approved, suspended, served again. Its test twin works all the time."""

from __future__ import annotations

from simplane.core import audit, events
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import IllegalMove, NotFound, Refusal
from simplane.organizations.events import OrganizationApproved
from simplane.organizations.models import Membership, Organization, Role

_State = Organization.State


class NobodyConfirmed(Refusal):
    """No owner of the account has confirmed their e-mail address yet."""

    code = "nobody_confirmed"
    status = 409


def approve(organization_id: int, *, reason: str = "") -> Organization:
    """An applicant becomes a customer; its owners hear of it by mail. Raises NotFound, IllegalMove, NobodyConfirmed."""
    with transaction():
        found = _locked(organization_id)
        if found.kind != Organization.Kind.RESELLER:
            raise NotFound("there is no such reseller")
        if not has_confirmed_owner(organization_id):
            raise NobodyConfirmed(fix="wait until the applicant has opened the link in our mail, or invite them again")
        _move(found, _State.APPLIED, _State.ACTIVE, "organization.approved", reason)
        events.record(OrganizationApproved(organization_id=organization_id))
        return found


def suspend(organization_id: int, *, reason: str) -> Organization:
    """No new orders from now on; what is paid is still served. Raises NotFound, IllegalMove.

    A company's pages and API can be looked at, not changed, and nothing is bought for it; its lines keep running, and its
    HR system still tells who left, for a leaver's lines must stop.
    """
    with transaction():
        return _move(_locked(organization_id), _State.ACTIVE, _State.SUSPENDED, "organization.suspended", reason)


def reactivate(organization_id: int, *, reason: str) -> Organization:
    """A suspended account may order again. Raises NotFound, IllegalMove."""
    with transaction():
        return _move(_locked(organization_id), _State.SUSPENDED, _State.ACTIVE, "organization.reactivated", reason)


def has_confirmed_owner(organization_id: int) -> bool:
    """Whether somebody who opened a link in our mail owns the account."""
    return Membership.objects.filter(organization_id=organization_id, role=Role.OWNER).exists()


@needs_transaction
def _locked(organization_id: int) -> Organization:
    customers = (Organization.Kind.RESELLER, Organization.Kind.COMPANY)
    rows = Organization.objects.select_for_update().filter(kind__in=customers, is_test=False)
    found = rows.filter(pk=organization_id).first()
    if found is None:
        raise NotFound("there is no such reseller or company")
    return found


@needs_transaction
def _move(found: Organization, old: str, new: str, action: str, reason: str) -> Organization:
    if found.state != old:
        raise IllegalMove(f"{found.name} is {found.state}, not {old}", fix="look at the account again")
    found.state = new
    found.save(update_fields=["state"])
    before, after = {"state": old}, {"state": new}
    audit.note(action, "organization", found.slug, before=before, after=after, reason=reason, organization_id=found.pk)
    return found
