"""What lines do when something happens elsewhere: a rule stops or ends them, a person decides. Acts for us.

Each enters the company's scope and asks as everybody asks; a line that is busy is asked again later.
"""

from __future__ import annotations

from collections.abc import Callable

from simplane.core import jobs, tenancy
from simplane.core.log import logger
from simplane.fleet.actions import approved, reactivate, refused, suspend, terminate
from simplane.fleet.actions import top_up as more
from simplane.fleet.comings import GONE
from simplane.fleet.errors import AgainstPolicy, LineBusy, NoSuchPlan, NotPossible
from simplane.fleet.models import FleetLine, Operation, Service
from simplane.fleet.states import OVER
from simplane.workforce.models import Employee

log = logger(__name__)
BUSY_SECONDS = 5.0
AUTO = "rule:auto_top_up"


def stop(organization_id: int, fleet_line_id: int, rule: str, why: str) -> None:
    """A rule wants a line suspended. Nothing for one that is suspended or over. Raises Temporary while it is busy."""
    with tenancy.scope(organization_id):
        line = FleetLine.objects.filter(pk=fleet_line_id).first()
        if line is not None and line.wanted == Service.ACTIVE and line.state not in OVER:
            _asked(lambda: suspend(line.public_id, asked_by=f"rule:{rule}", reason=why))


def end(organization_id: int, fleet_line_id: int, rule: str, why: str) -> None:
    """A rule wants a line ended. Nothing for one that is over or being ended. Raises Temporary while it is busy."""
    with tenancy.scope(organization_id):
        line = FleetLine.objects.filter(pk=fleet_line_id).first()
        if line is not None and line.wanted != Service.TERMINATED and line.state not in OVER:
            _asked(lambda: terminate(line.public_id, asked_by=f"rule:{rule}", reason=why))


def resume(organization_id: int, fleet_line_id: int, rule: str, why: str) -> None:
    """What a rule stopped may go on; what a person stopped meanwhile stays so, and so does what a leaver had."""
    with tenancy.scope(organization_id):
        line = FleetLine.objects.filter(pk=fleet_line_id).first()
        if line is None or line.wanted != Service.SUSPENDED or line.state in OVER or _has_left(line.employee_id):
            return
        last = Operation.objects.filter(line=line, kind=Operation.Kind.SUSPEND).order_by("-pk").first()
        if last is not None and last.asked_by.startswith("rule:"):
            _asked(lambda: reactivate(line.public_id, asked_by=f"rule:{rule}", reason=why))


def top_up(organization_id: int, fleet_line_id: int, plan: str, key: str, why: str) -> None:
    """A rule buys more for a line that runs dry, once a key; a rule or budget may forbid it."""
    with tenancy.scope(organization_id):
        line = FleetLine.objects.filter(pk=fleet_line_id).first()
        if line is None or line.state in OVER or line.wanted != Service.ACTIVE:
            return
        _asked(lambda: more(line.public_id, plan, asked_by=AUTO, reason=why, key=key))


def granted(organization_id: int, kind: str, subject_id: str) -> None:
    """The approval of an operation was granted. For somebody who left meanwhile nothing is bought."""
    if kind == "operation":
        with tenancy.scope(organization_id):
            wish = Operation.objects.select_related("line").filter(public_id=subject_id).first()
            if wish is not None and _has_left(wish.line.employee_id):
                refused(subject_id, GONE)
            else:
                approved(subject_id)


def denied(organization_id: int, kind: str, subject_id: str, why: str) -> None:
    """The approval of an operation was refused, or nobody answered."""
    if kind == "operation":
        with tenancy.scope(organization_id):
            refused(subject_id, why)


def _has_left(employee_id: int | None) -> bool:
    return bool(Employee.objects.filter(pk=employee_id, state=Employee.State.LEFT).exists())


def _asked(verb: Callable[[], object]) -> None:
    try:
        verb()
    except LineBusy as busy:
        raise jobs.Temporary(str(busy), seconds=BUSY_SECONDS) from busy
    except (NotPossible, NoSuchPlan, AgainstPolicy) as why:
        log.info("fleet.rule_without_effect", why=str(why))
