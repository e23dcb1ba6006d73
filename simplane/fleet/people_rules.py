"""What happens to lines when people come and go, as a company sets it: which plan joiners get, when leavers' lines end.

In the company's scope.
"""

from __future__ import annotations

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.fleet.actions.wish import plan_of
from simplane.fleet.models import JoinerPlan, PeopleRules, Plan
from simplane.workforce.models import Team

MOST_DAYS = 365


def leaver_days() -> int:
    """So many days after somebody left, their lines end; 0: at once."""
    found: PeopleRules | None = PeopleRules.objects.first()
    return (found or PeopleRules()).leaver_days


def change_leaver_days(days: int) -> None:
    """For everybody who leaves from now on. Raises BadInput for more than a year."""
    if not 0 <= days <= MOST_DAYS:
        raise BadInput(f"{days} days are not possible", fix=f"write 0 (at once) to {MOST_DAYS}")
    with transaction():
        before = leaver_days()
        PeopleRules.objects.update_or_create(defaults={"leaver_days": days, "changed_at": clock.now()})
        after = {"leaver_days": days}
        audit.note("people_rules.changed", "people_rules", "", before={"leaver_days": before}, after=after)


def set_joiner_plan(team_id: str, plan_id: str) -> None:
    """Who joins this team gets this plan; without a team: everybody whose team has none of its own. Without a plan: nothing.

    Raises NoSuchPlan, BadInput.
    """
    with transaction():
        team = _team(team_id)
        known = JoinerPlan.objects.filter(team=team).select_related("plan").first()
        before = known.plan.public_id if known else ""
        JoinerPlan.objects.filter(team=team).delete()
        if plan_id:
            JoinerPlan(team=team, plan=plan_of(plan_id)).save()
        audit.note("joiner_plan.changed", "team", team_id, before={"plan": before}, after={"plan": plan_id})


def joiner_plan(team_id: int | None) -> Plan | None:
    """What somebody of this team gets who joins now."""
    rows = JoinerPlan.objects.filter(plan__active=True).select_related("plan")
    own = rows.filter(team_id=team_id).first() if team_id is not None else None
    found: JoinerPlan | None = own or rows.filter(team=None).first()
    return found.plan if found else None


def _team(public_id: str) -> Team | None:
    if not public_id:
        return None
    found: Team | None = Team.objects.filter(public_id=public_id).first()
    if found is None:
        raise BadInput("there is no such team", fix="choose one of the list")
    return found
