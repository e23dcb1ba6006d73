"""What our SCIM 2.0 server serves and how lenient it reads: as Microsoft Entra ID and Okta write (docs/scim.md)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    External,
    Filter,
    Group,
    Mutability,
    Patch,
    Reference,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)
from scim2_models.urn import URN

MOST_RESULTS = 100
"""Of a page: so many take about 80 ms to be written."""
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Manager(ComplexAttribute):
    """As RFC 7643 section 4.3, without its demand for `$ref`: neither Entra ID nor Okta sends one."""

    value: Annotated[str | None, CaseExact.true] = None
    ref: Reference["User"] | None = Field(None, serialization_alias="$ref", validation_alias="$ref")  # type: ignore[type-arg]  # noqa: UP037  the library looks types up by name
    display_name: Annotated[str | None, Mutability.read_only] = None


class EnterpriseUser(Extension):
    """The enterprise extension (RFC 7643 section 4.3)."""

    __schema__ = URN(ENTERPRISE)
    employee_number: str | None = None
    cost_center: str | None = None
    organization: str | None = None
    division: str | None = None
    department: str | None = None
    manager: Manager | None = None

    @field_validator("manager", mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        """Entra ID writes the manager's id alone."""
        return {"value": given} if isinstance(given, str) else given


CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Token of the company",
            description="Authorization: Bearer scim_…, made in the company's settings",
            spec_uri=Reference[External]("https://datatracker.ietf.org/doc/html/rfc6750"),
            primary=True,
        )
    ],
)
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)],
    config=CONFIG,
    policy=POLICY,
)
USER_TYPE, GROUP_TYPE = PROVIDER.resource_types
USER: Any = PROVIDER.model_for(USER_TYPE)
GROUP: Any = PROVIDER.model_for(GROUP_TYPE)
