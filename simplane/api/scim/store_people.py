"""Users of SCIM in the tables of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower

from simplane.api.scim import users
from simplane.api.scim.provider import USER
from simplane.core.errors import NotFound
from simplane.workforce import actions, hr
from simplane.workforce.errors import Changed
from simplane.workforce.models import Employee, GroupMember
from simplane.workforce.queries import known_people


class People:
    """As `storage.Kind` says."""

    model = USER

    def rows(self) -> QuerySet[Any]:
        """Everybody, in the order they came."""
        rows = known_people().select_related("team", "cost_centre", "manager")
        return rows.annotate(low_user_name=Lower("user_name"), low_email=Lower("email")).order_by("pk")

    def built(self, rows: Sequence[Employee], *, without: frozenset[str] = frozenset()) -> list[Any]:
        """Their users, with the groups they are in."""
        groups: dict[int, list[tuple[str, str]]] = {one.pk: [] for one in rows}
        if rows and "groups" not in without:
            links = GroupMember.objects.filter(employee_id__in=groups).order_by("group__display_name")
            for person, group, name in links.values_list("employee_id", "group__public_id", "group__display_name"):
                groups[person].append((group, name))
        return [users.resource(one, groups[one.pk]) for one in rows]

    def create(self, resource: Any) -> str:
        """A joiner, who works here unless it is said that they do not."""
        kept = {"active": True, **users.written(resource)}
        said = hr.Said(
            facts=users.facts(resource, kept),
            working=resource.active,
            team=users.department(kept) or None,
            cost_centre=users.cost_center(kept) or None,
            manager=users.manager(kept) or None,
        )
        return hr.take_in(said).public_id

    def update(self, resource: Any, version: int | None) -> None:
        """A mover, a leaver, a new name. What the HR system did not change stays as we have it."""
        one = self.rows().filter(public_id=resource.id).first()
        if one is None:
            raise NotFound("there is no such user", fix="create it")
        if version not in (None, one.version):
            raise Changed("somebody else changed this user meanwhile", fix="read it again")
        before, kept = users.document(one), users.written(resource)
        said = hr.Said(
            facts=users.facts(resource, kept),
            working=resource.active,
            team=_changed(users.department(before), users.department(kept)),
            cost_centre=_changed(users.cost_center(before), users.cost_center(kept)),
            manager=_changed(users.manager(before), users.manager(kept)),
        )
        hr.bring_up_to_date(one.public_id, said, expected_version=one.version)

    def delete(self, public_id: str, version: int | None) -> None:
        """A leaver, whom the HR system will not find any more."""
        actions.remove(public_id, expected_version=version)


def _changed(before: str, after: str) -> str | None:
    return after if after != before else None
