"""What can be done with a line as it is, by its supplier and its state: the only place that says so, for pages, API and verbs."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.fleet.errors import NotPossible
from simplane.fleet.models import FleetLine, Plan, Service
from simplane.fleet.states import OVER


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why something is not possible, and what to do instead."""

    why: str
    fix: str


OVERDUE = Hindrance("it has ended", "order a new line")
NO_ESIM = Hindrance("it has no eSIM yet", "wait until it is ready, or cancel its order")
PAUSED = Hindrance("it is suspended: reactivate it first", "a new plan or eSIM must not go around a pause")
NO_PAUSE = Hindrance("its supplier can not pause it", "plans say beforehand what can be done with a line")
NO_CHANGE = Hindrance("its supplier can not change its plan", "order a line on the other plan, then end this one")
NO_DATA = Hindrance("its supplier adds none", "order a new line")
NOT_AGAIN = Hindrance("its plan can not be had again", "end the line and order one on another plan")
STOPPED = Hindrance("a rule stopped it", "change the rule: then the line resumes by itself")
NO_END = Hindrance("its supplier can neither end nor pause it: it ends with its plan", "wait until then")


def impossible(line: FleetLine, name: str) -> Hindrance | None:
    """Why a deed (an operation's kind) can not be done with a line; None: it can."""
    if line.state in OVER or line.wanted == Service.TERMINATED:
        return OVERDUE
    if line.line_id is None:
        return NO_ESIM
    plan, paused = line.plan, Service.SUSPENDED in (line.wanted, line.service)
    return {
        "suspend": None if plan.can_suspend else NO_PAUSE,
        "reactivate": None if plan.can_suspend else NO_PAUSE,
        "terminate": None if plan.can_terminate or plan.can_suspend else NO_END,
        "top_up": None if plan.can_top_up else NO_DATA,
        "replace": PAUSED if paused else None if line.can_swap or (plan.can_replace and plan.active) else NOT_AGAIN,
        "change_plan": PAUSED if paused else NO_CHANGE if line.change == Plan.Change.NO else None,
    }[name]


def check(line: FleetLine, name: str) -> None:
    """Raises NotPossible with what to do instead."""
    if found := impossible(line, name):
        raise NotPossible(f"this can not be done with the line: {found.why}", fix=found.fix)


def hindrance(line: FleetLine, name: str) -> str:
    """Why a deed is not offered for a line: it is impossible, or changes nothing. Empty: it is."""
    if found := impossible(line, name):
        return found.why
    if name == "suspend" and line.wanted == Service.SUSPENDED:
        return "it is suspended already"
    if name == "reactivate" and line.wanted == Service.ACTIVE and line.service != Service.SUSPENDED:
        return "it is not suspended"
    return ""


def fitting(line: FleetLine) -> list[Plan]:
    """The plans that a line may be changed to: given out, and its supplier has them. In the company's scope."""
    others = Plan.objects.filter(active=True, suppliers__contains=[line.supplier]).exclude(pk=line.plan_id)
    return list(others.order_by("price_minor", "name")) if line.supplier else []
