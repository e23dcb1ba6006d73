"""Which ways in a company has. All of these work outside its scope."""

from __future__ import annotations

from simplane.core import tenancy
from simplane.sso.models import Connection


def ways_in(organization_id: int) -> list[Connection]:
    """The connections that people may sign in through, in the order in which they were made."""
    with tenancy.everywhere():
        rows = Connection.objects.filter(organization_id=organization_id, state=Connection.State.ACTIVE)
        return list(rows.order_by("created_at", "pk"))


def enforced_at(organization_id: int) -> Connection | None:
    """The one way in, if the company wants only that."""
    return next((one for one in ways_in(organization_id) if one.enforced), None)
