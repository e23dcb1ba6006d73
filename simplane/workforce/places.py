"""Teams and cost centres."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection
from django.db.models.functions import Lower

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.workforce.models import CostCentre, Employee, Team
from simplane.workforce.unique import told_if_taken


def add_team(name: str, *, lead: str = "") -> Team:
    """A new team. `lead`: public id of the person who leads it. Raises BadInput, Taken, NotFound."""
    with told_if_taken(), transaction():
        return _new_team(clean_name(name), _lead(lead))


def change_team(public_id: str, *, name: str, lead: str = "") -> Team:
    """Another name or lead. Raises NotFound, BadInput, Taken."""
    with told_if_taken(), transaction():
        team: Team = _found(Team, public_id)
        before = {"name": team.name, "lead": team.lead_id}
        team.name, team.lead = clean_name(name), _lead(lead)
        team.save(update_fields=["name", "lead"])
        audit.note("team.changed", "team", public_id, before=before, after={"name": team.name, "lead": team.lead_id})
        return team


def remove_team(public_id: str) -> None:
    """A team that nobody belongs to any more. Raises NotFound, BadInput."""
    _remove(Team, "team", public_id)


def add_cost_centre(code: str, name: str = "") -> CostCentre:
    """A new cost centre. Raises BadInput, Taken."""
    with told_if_taken(), transaction():
        return _new_cost_centre(clean_code(code), name.strip()[:120])


def change_cost_centre(public_id: str, *, code: str, name: str = "") -> CostCentre:
    """Another code or name. Raises NotFound, BadInput, Taken."""
    with told_if_taken(), transaction():
        found: CostCentre = _found(CostCentre, public_id)
        before = {"code": found.code, "name": found.name}
        found.code, found.name = clean_code(code), name.strip()[:120]
        found.save(update_fields=["code", "name"])
        after = {"code": found.code, "name": found.name}
        audit.note("cost_centre.changed", "cost_centre", public_id, before=before, after=after)
        return found


def remove_cost_centre(public_id: str) -> None:
    """A cost centre that nobody belongs to any more. Raises NotFound, BadInput."""
    _remove(CostCentre, "cost_centre", public_id)


@needs_transaction
def team_named(name: str) -> Team:
    """Part of taking people in from elsewhere: the team of this name, made when there is none."""
    wanted = clean_name(name)
    known: Team | None = Team.objects.annotate(low=Lower("name")).filter(low=wanted.lower()).first()
    return known or _new_team(wanted, None)


@needs_transaction
def cost_centre_named(code: str) -> CostCentre:
    """As `team_named`, by code."""
    wanted = clean_code(code)
    known: CostCentre | None = CostCentre.objects.annotate(low=Lower("code")).filter(low=wanted.lower()).first()
    return known or _new_cost_centre(wanted, "")


def _new_team(name: str, lead: Employee | None) -> Team:
    made: Team = Team.objects.create(public_id=new_id("team"), name=name, lead=lead, created_at=clock.now())
    audit.note("team.added", "team", made.public_id, after={"name": name, "lead": made.lead_id})
    return made


def _new_cost_centre(code: str, name: str) -> CostCentre:
    made: CostCentre = CostCentre.objects.create(public_id=new_id("cc"), code=code, name=name, created_at=clock.now())
    audit.note("cost_centre.added", "cost_centre", made.public_id, after={"code": code, "name": name})
    return made


def _remove(model: type[Team] | type[CostCentre], entity: str, public_id: str) -> None:
    try:
        with transaction():
            found = _found(model, public_id)
            people = found.people.filter(removed_at=None).count()
            if people:
                raise BadInput(f"{people} people belong to {found}", fix="move them first")
            _delete(found)
            audit.note(f"{entity}.removed", entity, public_id, before={"name": str(found)})
    except IntegrityError as error:
        raise BadInput("lines, groups or people who left still refer to it", fix="rename it instead") from error


def _delete(found: Team | CostCentre) -> None:
    """By the database's own rules: Django would empty columns of tables that a company's request may not write."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        table = connection.ops.quote_name(found._meta.db_table)
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [found.pk])  # noqa: S608


def _found(model: Any, public_id: str) -> Any:
    row = model.objects.select_for_update(no_key=True).filter(public_id=public_id).first()
    if row is None:
        raise NotFound(fix="choose one of the list")
    return row


def _lead(public_id: str) -> Employee | None:
    if not public_id:
        return None
    lead: Employee | None = Employee.objects.filter(public_id=public_id, removed_at=None).first()
    if lead is None:
        raise NotFound("there is no such person", fix="choose a lead of the list")
    return lead


def clean_name(given: str) -> str:
    """A team's name, trimmed. Raises BadInput."""
    name = " ".join(given.replace("\0", "").split())
    if not 1 <= len(name) <= 120:
        raise BadInput("a team needs a name of 1 to 120 characters", fix="say who they are")
    return name


def clean_code(given: str) -> str:
    """A cost centre's code, trimmed. Raises BadInput."""
    code = " ".join(given.replace("\0", "").split())
    if not 1 <= len(code) <= 40:
        raise BadInput("a cost centre needs a code of 1 to 40 characters", fix="write it as your accounting does")
    return code
