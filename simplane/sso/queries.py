"""Which ways in a company has, and who came by them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from simplane.core import tenancy
from simplane.sso.models import Connection, Identity


def ways_in(organization_id: int) -> list[Connection]:
    """Outside any scope: the connections that people may sign in through, in the order in which they were made."""
    with tenancy.everywhere():
        rows = Connection.objects.filter(organization_id=organization_id, state=Connection.State.ACTIVE)
        return list(rows.order_by("created_at", "pk"))


def enforced_at(organization_id: int) -> Connection | None:
    """Outside any scope: the one way in, if the company wants only that."""
    return next((one for one in ways_in(organization_id) if one.enforced), None)


def came_by(user_ids: Collection[int]) -> Mapping[int, Identity]:
    """Inside the company's scope: user id -> as whom they last came through a provider. Who never did is not there."""
    rows = Identity.objects.filter(user_id__in=user_ids).select_related("connection").order_by("signed_in_at")
    return {one.user_id: one for one in rows}
