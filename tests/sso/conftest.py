"""A company whose people sign in through a provider on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from simplane.organizations import hosts
from simplane.organizations.models import Organization
from tests.companies import company
from tests.sso.world import mock_provider


@pytest.fixture
def acme(transactional_db: None, settings: Settings) -> Organization:
    """A company that may name a provider on this machine. Requests are refused in transactions, so the tests hold none."""
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": True})
    hosts.forget()
    return company("acme")


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """`oidc-provider-mock`, running."""
    with mock_provider() as found:
        yield found
