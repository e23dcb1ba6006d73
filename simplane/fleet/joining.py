"""The line that somebody gets by the rule for joiners: once a person, and so many a day that a wild HR system costs little.

Acts for us, in the company's scope; asks as everybody asks.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.fleet.actions import provision
from simplane.fleet.actions.wish import RULE
from simplane.fleet.models import Operation, Plan
from simplane.fleet.people_rules import joiner_plan
from simplane.policies.alerting import Raised, raise_alert
from simplane.workforce.models import Employee

JOINER = f"{RULE}joiner"
MOST, DAY = 200, timedelta(days=1)
"""Lines a company in this time: more than start on one day in a company of thousands; a loop at the HR system stops here."""
BEFORE = (
    "they were given a line when they joined before, or it was refused. Give them one on their page if they need it."
)


def give(person: Employee) -> None:
    """The plan for joiners, once a person: rules and budgets say whether. People are told of who gets none."""
    plan = joiner_plan(person.team_id)
    if plan is None:
        return
    same = _same(person)
    asked = Operation.objects.filter(kind=Operation.Kind.PROVISION, asked_by=JOINER)
    if asked.filter(line__employee__in=same).exists():
        _tell_of(person, same[0], BEFORE)
    elif asked.filter(asked_at__gt=clock.now() - DAY).count() >= MOST:
        _tell_of_crowd(person.organization_id)
    else:
        _ask(person, same[0], plan)


def _same(person: Employee) -> list[int]:
    """Whom the HR system knows under their number or name now or knew before it deleted them, the oldest first."""
    names = Q(user_name__iexact=person.user_name)
    if person.external_id:
        names |= Q(external_id=person.external_id)
    return list(Employee.objects.filter(names).order_by("pk").values_list("pk", flat=True))


def _ask(person: Employee, first: int, plan: Plan) -> None:
    key = f"joiner:{first}"
    try:
        provision(plan.public_id, person.public_id, asked_by=JOINER, reason="joined the company", key=key)
    except Refusal as why:
        _tell_of(person, first, str(why))


def _tell_of(person: Employee, first: int, why: str) -> None:
    raised = Raised(
        organization_id=person.organization_id,
        kind="line",
        severity="warning",
        level="employee",
        subject_id=person.pk,
        dedupe=f"joiner:{first}",
        title="Somebody joined and got no line",
        text=f"{person.name}: {why}",
    )
    with transaction():
        raise_alert(raised)


def _tell_of_crowd(organization_id: int) -> None:
    raised = Raised(
        organization_id=organization_id,
        kind="line",
        severity="critical",
        dedupe="joiners",
        title=f"More than {MOST} people joined in a day: no more get a line by themselves",
        text="Look at what your HR system sends. If that is right, give the others a line on the page of lines.",
    )
    with transaction():
        raise_alert(raised)
