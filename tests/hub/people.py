"""Resellers and their people, as rows."""

from __future__ import annotations

from django.test import Client

from simplane.catalog.models import Terms
from simplane.core import clock
from simplane.organizations.models import Membership, Organization, Role, User
from tests import factories, signin


def reseller(**given: object) -> Organization:
    """An active reseller with terms in EUR and a test twin; no wallets."""
    home = factories.organization(**{"kind": "reseller"} | given)
    factories.organization(kind="reseller", is_test=True, twin_of=home, slug=f"{home.slug}-test")
    Terms.objects.create(organization=home, currency="EUR")
    return home


def member(home: Organization, role: Role = Role.OWNER, *, email: str = "") -> User:
    """A person with a role, without a password."""
    user = User.objects.create_user(email or f"{role}{factories.number()}@reseller.example", name="Rita Reseller")
    Membership.objects.create(organization=home, user=user, role=role, created_at=clock.now())
    return user


def browser_of(user: User) -> Client:
    """A browser without pictures, signed in by password."""
    return signin.client_of(user, second_factor=None)
