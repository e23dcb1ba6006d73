"""Groups of SCIM in the tables of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from simplane.api.scim import groups
from simplane.api.scim.provider import GROUP
from simplane.workforce import groups as verbs
from simplane.workforce.models import Group, GroupMember


class Groups:
    """As `storage.Kind` says."""

    model = GROUP

    def rows(self) -> QuerySet[Any]:
        """All groups, in the order they came."""
        rows: QuerySet[Any] = Group.objects.annotate(low_name=Lower("display_name")).order_by("pk")
        return rows

    def built(self, rows: Sequence[Group], *, without: frozenset[str] = frozenset()) -> list[Any]:
        """The groups with their members, unless nobody asks for those."""
        members: dict[int, list[groups.Member]] = {one.pk: [] for one in rows}
        if rows and "members" not in without:
            links = GroupMember.objects.filter(group_id__in=members).select_related("employee").order_by("pk")
            for link in links:
                members[link.group_id].append((link.employee.public_id, link.display or link.employee.name))
        return [groups.resource(one, members[one.pk]) for one in rows]

    def create(self, resource: Any) -> str:
        """A new group."""
        made = verbs.add_group(
            resource.display_name, external_id=resource.external_id or "", members=groups.members(resource)
        )
        return made.public_id

    def update(self, resource: Any, version: int | None) -> None:
        """The whole new state of a group."""
        verbs.change_group(
            str(resource.id),
            display_name=resource.display_name,
            external_id=resource.external_id or "",
            members=groups.members(resource),
            expected_version=version,
        )

    def delete(self, public_id: str, version: int | None) -> None:
        """The group goes, its people stay."""
        verbs.remove_group(public_id, expected_version=version)
