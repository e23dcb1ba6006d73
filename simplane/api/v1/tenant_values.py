"""What stands in requests and answers at the addresses of a company, and whose scope they are answered in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date
from typing import Annotated, Any

from ninja import Schema
from pydantic import BeforeValidator, Field

from simplane.api.v1.access import ApiRequest
from simplane.api.v1.values import CLEAN, Minor, PublicId, Wanted, examples
from simplane.core import tenancy

AREA = "/tenants/{tenant}"
WHY = "asked for by API"
Slug = Annotated[str, Field(min_length=1, max_length=60, pattern="^[a-z0-9-]+$", description="The company.")]
Name = Annotated[str, Field(max_length=120)]
Reason = Annotated[str, Field(min_length=1, max_length=300, pattern=CLEAN, description="Stands in the history.")]


class Here(Schema):
    """The company of an address."""

    tenant: Slug


class Thing(Here):
    """One thing of the company."""

    id: PublicId


def inside(request: ApiRequest, at: Here) -> AbstractContextManager[None]:
    """Behind the wall (docs/adr/0022) of the key's own company, which `TenantScope` has compared with the address."""
    owner = request.auth.organization
    assert owner.slug == at.tenant
    return tenancy.scope(owner.pk)


def _day(given: Any) -> Any:
    return date.fromisoformat(given) if isinstance(given, str) and len(given) == 10 else given


Day = Annotated[date, BeforeValidator(_day), Field(description="A UTC day: 2026-11-20.")]


class Cost(Schema):
    """Money."""

    amount_minor: Minor
    currency: str


class Named(Schema):
    """Something with a name."""

    id: str
    name: str


class Because(Wanted):
    """Why it is asked for."""

    model_config = Wanted.model_config | examples({"reason": "phone lost"})
    reason: Reason = WHY
