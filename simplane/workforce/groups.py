"""Groups of the identity provider, and what being in one means here: a team, a role at sign-in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import F

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.organizations.models import CompanyRole
from simplane.workforce import people
from simplane.workforce.errors import Changed
from simplane.workforce.models import Employee, Group, GroupMember, Team
from simplane.workforce.unique import told_if_taken

STRONGEST_FIRST = tuple(CompanyRole)


def add_group(display_name: str, *, external_id: str = "", members: Mapping[str, str] | None = None) -> Group:
    """A new group. `members`: public id of a person -> how the provider shows them. Raises BadInput, Taken, NotFound."""
    now = clock.now()
    with told_if_taken(), transaction():
        made: Group = Group.objects.create(
            public_id=new_id("grp"),
            display_name=_name(display_name),
            external_id=external_id[:120],
            created_at=now,
            updated_at=now,
        )
        joined, _ = _set_members(made, members or {})
        audit.note("group.added", "group", made.public_id, after={"name": made.display_name, "joined": joined})
        return made


def change_group(
    public_id: str,
    *,
    display_name: str,
    external_id: str = "",
    members: Mapping[str, str],
    expected_version: int | None = None,
) -> Group:
    """The whole new state of a group. Raises NotFound, Changed, BadInput, Taken."""
    with told_if_taken(), transaction():
        group = _locked(public_id, expected_version)
        before = {"name": group.display_name}
        group.display_name, group.external_id = _name(display_name), external_id[:120]
        joined, left = _set_members(group, members)
        _keep(group, "display_name", "external_id")
        after = {"name": group.display_name, "joined": joined, "left": left}
        audit.note("group.changed", "group", public_id, before=before, after=after)
        return group


def remove_group(public_id: str, *, expected_version: int | None = None) -> None:
    """The group is gone; its members stay what they are, but for its team. Raises NotFound, Changed."""
    with transaction():
        group = _locked(public_id, expected_version)
        left = list(group.members.values_list("pk", flat=True))
        before = {"name": group.display_name, "team": group.team_id, "role": group.role}
        team = group.team_id
        group.delete()
        _settle_teams(left, team)
        audit.note("group.removed", "group", public_id, before=before)


def map_group(public_id: str, *, team: str = "", role: str = "") -> Group:
    """Say what being in a group means. `team`: public id; its members move there now. Raises NotFound, BadInput."""
    if role and role not in CompanyRole.values:
        raise BadInput(f"{role} is no role", fix=f"choose of {', '.join(CompanyRole.values)}")
    with transaction():
        group = _locked(public_id, None)
        found = Team.objects.filter(public_id=team).first() if team else None
        if team and found is None:
            raise NotFound("there is no such team", fix="choose one of the list")
        before, was = {"team": group.team_id, "role": group.role}, group.team_id
        group.team, group.role = found, role
        _keep(group, "team", "role")
        _settle_teams(list(group.members.values_list("pk", flat=True)), was)
        audit.note("group.mapped", "group", public_id, before=before, after={"team": group.team_id, "role": role})
        return group


def role_of(employee_id: int) -> str:
    """The strongest role that a person's groups give; empty: none."""
    given = set(
        GroupMember.objects.filter(employee_id=employee_id)
        .exclude(group__role="")
        .values_list("group__role", flat=True)
    )
    return next((str(role) for role in STRONGEST_FIRST if role in given), "")


def _locked(public_id: str, expected_version: int | None) -> Group:
    row: Group | None = Group.objects.select_for_update().filter(public_id=public_id).first()
    if row is None:
        raise NotFound("there is no such group", fix="choose one of the list")
    if expected_version is not None and row.version != expected_version:
        raise Changed("somebody else changed this group meanwhile", fix="look again, then change")
    return row


def _keep(group: Group, *fields: str) -> None:
    group.version, group.updated_at = group.version + 1, clock.now()
    group.save(update_fields=[*fields, "version", "updated_at"])


def _name(given: str) -> str:
    name = given.replace("\0", "").strip()
    if not 1 <= len(name) <= 200:
        raise BadInput("a group needs a name of 1 to 200 characters", fix="shorten it")
    return name


@needs_transaction
def _set_members(group: Group, wanted: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Make the members these; gives back who joined and who left, by public id."""
    links = GroupMember.objects.filter(group=group).select_related("employee")
    present = {link.employee.public_id: link for link in links}
    gone = sorted(set(present) - set(wanted))
    new = _known(person for person in wanted if person not in present)
    GroupMember.objects.filter(pk__in=[present[person].pk for person in gone]).delete()
    GroupMember.objects.bulk_create(
        [
            GroupMember(group=group, employee=new[person], display=_display(new[person], wanted[person]))
            for person in new
        ]
    )
    for person, link in present.items():
        if person in wanted and wanted[person] and link.display != _display(link.employee, wanted[person]):
            link.display = _display(link.employee, wanted[person])
            link.save(update_fields=["display"])
    _settle_teams([*(one.pk for one in new.values()), *(present[person].employee_id for person in gone)], group.team_id)
    return sorted(new), gone


def _display(one: Employee, told: str) -> str:
    """What is kept of how the provider shows somebody: nothing when it is their name, which may change."""
    return "" if told == one.name else told[:200]


def _known(wanted: Iterable[str]) -> dict[str, Employee]:
    asked = list(wanted)
    rows = Employee.objects.filter(public_id__in=asked, removed_at=None)
    known: dict[str, Employee] = {one.public_id: one for one in rows}
    missing = [person for person in asked if person not in known]
    if missing:
        raise BadInput(f"{missing[0]} is no person of this company", fix="add them first, then put them into the group")
    return known


@needs_transaction
def _settle_teams(employee_ids: list[int], team_id: int | None) -> None:
    """Bring people to the team of their groups. Out of the last group of team `team_id`: in no team."""
    if team_id is None and not Group.objects.filter(team__isnull=False).exists():
        return
    links = GroupMember.objects.filter(employee_id__in=employee_ids, group__team__isnull=False)
    # Of several groups with a team the first by name counts: it comes last here.
    given = dict(links.order_by(F("group__display_name").desc()).values_list("employee_id", "group__team_id"))
    rows = Employee.objects.select_for_update(no_key=True).filter(pk__in=employee_ids, removed_at=None).order_by("pk")
    wanted = {one: given.get(one.pk, None if one.team_id == team_id else one.team_id) for one in rows}
    people.move({one: team for one, team in wanted.items() if team != one.team_id})
