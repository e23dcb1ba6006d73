"""A mail server for the hub's mails, and a Stripe for its wallets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from simplane.catalog.models import Terms
from simplane.organizations.models import Organization, Role
from tests import factories
from tests.delivery.conftest import _catcher, _database_is_left, post_office
from tests.hub.people import browser_of, member
from tests.payments.desk import Desk
from tests.standins import Standin, start

__all__ = ["_catcher", "_database_is_left", "post_office"]


@pytest.fixture(scope="package")
def stripe_standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("stripe", tmp_path_factory.mktemp("stripe")) as standin:
        yield standin


@pytest.fixture
def desk(stripe_standin: Standin) -> Desk:
    stripe_standin.control("reset", "POST", settings=True)
    return Desk(stripe_standin)


@pytest.fixture
def payer(desk: Desk) -> Client:
    """Finance of a live account whose twin pays at the stand-in, in test mode."""
    home = factories.organization(kind="reseller")
    Terms.objects.create(organization=home, currency="EUR")
    Organization.objects.filter(pk=desk.organization.pk).update(twin_of=home)
    client = browser_of(member(home, Role.FINANCE))
    client.post("/hub/mode/", {"test": "1"})
    return client
