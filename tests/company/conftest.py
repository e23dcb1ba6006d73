"""A company that may give out a plan, without any supplier behind it."""

from __future__ import annotations

import pytest

from simplane.organizations import hosts
from simplane.organizations.models import Organization
from tests.companies import company


@pytest.fixture
def acme(db: None) -> Organization:
    """A company, asked for anew."""
    hosts.forget()
    return company("acme")
