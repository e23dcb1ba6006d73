"""For whom a request of the hub acts: which organization, live or test, in which role, and whether it is one of us."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from simplane.core import clock
from simplane.organizations.models import Membership, Organization, Role, User
from simplane.organizations.roles import allows
from simplane.organizations.staff import proved_second_factor

ACTING_FOR = "acting_for"
"""Session: `{"organization": id, "staff": user id, "since": Unix time}` while one of our staff sees the hub as a
reseller does: for ACTING_SECONDS at most.
"""
ACTING_SECONDS = 3600
CHOSEN, TEST = "hub_organization", "hub_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who asks, and for whom. `organization` is where things happen: `home`, or its test twin in test mode."""

    user: User
    home: Organization
    organization: Organization
    role: Role
    acting: bool
    """One of our staff, not a member."""
    others: tuple[Organization, ...]
    """Further organizations the person belongs to."""

    @property
    def test(self) -> bool:
        """Whether this is test mode: stand-in suppliers and play money."""
        return self.organization.is_test

    @property
    def person(self) -> str:
        """As reasons name them: the address; of our staff with the reseller they act for."""
        return f"{self.user.email} for {self.home.slug}" if self.acting else self.user.email

    @property
    def actor(self) -> str:
        """As it stands in the audit trail; of our staff with the reseller they act for."""
        name = f"user:{self.user.pk} {self.user.email}"
        return f"{name[:70]} for {self.home.slug}" if self.acting else name

    def may(self, permission: str) -> bool:
        """Whether the role holds the permission."""
        return allows(self.role, permission)


def standing_of(request: HttpRequest, user: User) -> Standing | None:
    """The standing of a signed-in person; None when they belong to no reseller and act for none."""
    return _for_a_reseller(request, user) or _of_member(request, user)


def _for_a_reseller(request: HttpRequest, user: User) -> Standing | None:
    wanted: dict[str, int] = request.session.get(ACTING_FOR) or {}
    if not wanted or not user.is_staff or wanted["staff"] != user.pk:
        return None
    if clock.now().timestamp() - wanted.get("since", 0) > ACTING_SECONDS:
        del request.session[ACTING_FOR]
        return None
    if settings.SIMPLANE.require_mfa and not proved_second_factor(request, user):
        return None
    home = Organization.objects.filter(
        pk=wanted["organization"], kind=Organization.Kind.RESELLER, is_test=False
    ).first()
    if home is None:
        return None
    return _made(request, user, home, Role.OWNER, acting=True, others=())


def _of_member(request: HttpRequest, user: User) -> Standing | None:
    resellers = Membership.objects.filter(organization__kind=Organization.Kind.RESELLER)
    rows = resellers.select_related("organization").filter(user=user)
    memberships = list(rows.order_by("organization__name", "pk"))
    if not memberships:
        return None
    chosen = request.session.get(CHOSEN)
    mine = next((one for one in memberships if one.organization_id == chosen), memberships[0])
    others = tuple(one.organization for one in memberships if one is not mine)
    return _made(request, user, mine.organization, Role(mine.role), acting=False, others=others)


def _made(
    request: HttpRequest, user: User, home: Organization, role: Role, *, acting: bool, others: tuple[Organization, ...]
) -> Standing:
    # Before the approval there is nothing but test mode to work in.
    test = request.session.get(TEST, home.state == Organization.State.APPLIED)
    twin = Organization.objects.filter(twin_of=home).first() if test else None
    return Standing(user=user, home=home, organization=twin or home, role=role, acting=acting, others=others)
