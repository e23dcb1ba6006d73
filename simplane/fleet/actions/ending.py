"""How an operation ends: done, or failed with what was reserved free again. Acts for us."""

from __future__ import annotations

from simplane.core import audit, clock, events, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.fleet.events import OperationEnded
from simplane.fleet.models import FleetLine, Operation, Service
from simplane.fleet.states import OPEN
from simplane.policies import actions as policies

K, Op, S = Operation.Kind, Operation.State, FleetLine.State


def fail(operation_id: int, why: str) -> None:
    """It can not be done, and nothing of it was: the line says why. Nothing for one that is over."""
    with tenancy.everywhere(), transaction():
        rows = Operation.objects.select_for_update(of=("self",)).select_related("line")
        fail_within(rows.get(pk=operation_id), why)


@needs_transaction
def fail_within(wish: Operation, why: str) -> None:
    """As `fail`, of an operation that the caller has locked."""
    if wish.state not in (Op.REQUESTED, Op.SENT, Op.UNKNOWN):
        return
    release(wish)
    line = FleetLine.objects.filter(pk=wish.line_id)
    if wish.kind == K.PROVISION:
        line.update(state=S.FAILED, state_at=clock.now(), problem=why[:300])
    elif wish.kind in (K.SUSPEND, K.REACTIVATE, K.TERMINATE):
        line.update(wanted=wish.line.service or Service.ACTIVE, problem=why[:300])
    else:
        line.update(problem=why[:300])
    close(wish, Op.FAILED, why)


@needs_transaction
def release(wish: Operation) -> None:
    """Nothing is bought by it: the budgets have the amount back, and the line stays on its plan, or gets that of another
    change that is still to be made.
    """
    if wish.reservation:
        policies.release(wish.reservation)
    if wish.kind == K.CHANGE_PLAN:
        changes = Operation.objects.filter(line=wish.line_id, kind=K.CHANGE_PLAN, state__in=[Op.SCHEDULED, *OPEN])
        other = changes.exclude(pk=wish.pk).order_by("-pk").values_list("plan_id", flat=True).first()
        FleetLine.objects.filter(pk=wish.line_id, wanted_plan=wish.plan_id).update(wanted_plan=other)


@needs_transaction
def close(wish: Operation, state: Operation.State, why: str = "") -> None:
    """The operation is over: written down, told, and in the company's history."""
    now = clock.now()
    Operation.objects.filter(pk=wish.pk).update(
        state=state, state_at=now, done_at=now, due_at=None, lease_until=None, problem=why[:300]
    )
    events.record(
        OperationEnded(
            organization_id=wish.organization_id, operation=wish.public_id, kind=str(wish.kind), state=str(state)
        )
    )
    audit.note(
        f"line.{wish.kind}_{state}",
        "line",
        wish.line.public_id,
        after={"operation": wish.public_id},
        reason=why,
        organization_id=wish.organization_id,
    )
