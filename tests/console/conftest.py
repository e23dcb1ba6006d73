"""A member of staff at the console."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from simplane.organizations.models import User
from tests import factories, signin


@pytest.fixture
def person(db: None) -> User:
    """A superuser with an authenticator app."""
    user = factories.staff(is_superuser=True, email="sam@simplane.example")
    signin.add_authenticator_app(user)
    return user


@pytest.fixture
def console(person: User) -> Client:
    """Signed in with both factors."""
    return signin.client_of(person, second_factor=Authenticator.objects.get(user=person))


@pytest.fixture
def colleague(db: None) -> Client:
    """A second person, cleo@simplane.example, signed in with both factors."""
    user = factories.staff(email="cleo@simplane.example")
    return signin.client_of(user, second_factor=signin.add_authenticator_app(user))
