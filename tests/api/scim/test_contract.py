"""The peer suite of the library: a storage of companies keeps every rule of `ScimStorage`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scim2_models import ScimProvider
from scim2_server.testing import ScimStorageContract

from simplane.api.scim.provider import PROVIDER
from simplane.api.scim.storage import CompanyStorage
from simplane.core import tenancy
from tests.companies import company


@pytest.mark.django_db
class TestCompanyStorage(ScimStorageContract):
    """As the walled role of a company. We page by index and announce no cursors, so their tests are not ours."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        return PROVIDER

    @pytest.fixture
    def storage(self) -> Iterator[CompanyStorage]:
        with tenancy.scope(company().pk), PROVIDER:
            yield CompanyStorage()


for _name in [name for name in dir(ScimStorageContract) if name.startswith("test_cursor")]:
    setattr(TestCompanyStorage, _name, None)
