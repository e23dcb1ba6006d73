"""Members of companies and their browsers."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from simplane.core import clock
from simplane.organizations.adapter import SESSION_TENANT
from simplane.organizations.models import CompanyRole, Membership, Organization, User
from tests import factories, signin


def member(of: Organization, role: CompanyRole = CompanyRole.OWNER, *, email: str = "") -> User:
    """A person with a role in the company, without a password."""
    user = User.objects.create_user(email or f"{role}{factories.number()}@{of.slug}.example", name="Mia Member")
    Membership.objects.create(organization=of, user=user, role=role, created_at=clock.now())
    return user


def browser_of(user: User, of: Organization) -> Client:
    """A browser without pictures, signed in at the company's own address."""
    client = signin.client_of(user, second_factor=None)
    client.defaults["HTTP_HOST"] = f"{of.slug}.localhost"
    session = client.session
    session[SESSION_TENANT] = of.pk
    session.save()
    return client


def session_at(user: User, of: Organization) -> str:
    """The key of a session of a member at the company's own address, for a real browser."""
    key = signin.session_of(user, second_factor=None)
    session = SessionStore(key)
    session[SESSION_TENANT] = of.pk
    session.save()
    return key
