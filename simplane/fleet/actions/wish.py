"""Wishes of a company about its lines: checked, budgeted and written down in one transaction; a job does the rest.

All run in the company's scope. A key makes a wish happen once: the second time gives the first operation back.
"""

from __future__ import annotations

from datetime import date
from typing import Required, TypedDict, Unpack, cast

from django.db import IntegrityError

from simplane.core import audit, clock, events, jobs, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.core.ids import new_id
from simplane.fleet import possible
from simplane.fleet.actions import scheduling
from simplane.fleet.actions.ending import close, release
from simplane.fleet.errors import AgainstPolicy, KeyReused, LineBusy, NoSuchLine, NoSuchPlan, NotAtWork, NotPossible
from simplane.fleet.events import OperationAsked
from simplane.fleet.models import Bulk, FleetLine, Operation, Plan
from simplane.policies import actions as policies
from simplane.policies.values import PurchaseFacts, PurchaseKind, Reason, Verdict
from simplane.workforce.models import Employee

RULE = "rule:"
"""How actors begin that are rules."""
K, Op, S = Operation.Kind, Operation.State, FleetLine.State


class Because(TypedDict, total=False):
    """How something is asked for: by whom and why (both needed), once a key, as part of a bulk, on which day (UTC)."""

    asked_by: Required[str]
    reason: Required[str]
    key: str
    bulk: Bulk | None
    on: date | None


def provision(
    plan_id: str,
    employee_id: str | None,
    *,
    asked_by: str,
    label: str = "",
    key: str = "",
    bulk: Bulk | None = None,
    reason: str = "",
    ask_first: bool = False,
) -> Operation:
    """A new line on a plan, for a person or a thing: policy and budget first, then it is ordered once.

    `ask_first`: it waits for approval whatever the rules allow, for somebody asks who may not order.
    Raises NoSuchPlan, NotAtWork, AgainstPolicy; changes nothing then. A verdict of `needs_approval` makes a line that waits.
    """
    if found := known(key, K.PROVISION, plan_id):
        return found
    with transaction():
        plan = plan_of(plan_id)
        person = _at_work(employee_id) if employee_id else None
        line = FleetLine(
            public_id=new_id("line"),
            employee=person,
            team_id=person.team_id if person else None,
            cost_centre_id=person.cost_centre_id if person else None,
            label=label[:80],
            plan=plan,
            state=S.ORDERING,
            state_at=clock.now(),
            wanted_at=clock.now(),
            created_at=clock.now(),
        )
        wish = draft(line, K.PROVISION, asked_by, key=key, bulk=bulk, reason=reason, plan=plan)
        buy(wish, line, plan, ask_first=ask_first)
        return wish


def replace(line_id: str, *, asked_by: str, reason: str, key: str = "", bulk: Bulk | None = None) -> Operation:
    """A new eSIM for a new phone, on the same plan: a new profile of the same line where its supplier gives one, which costs
    nothing; else one that is bought, and the old one ends when it is ready.

    Raises NoSuchLine, NotPossible, LineBusy, AgainstPolicy.
    """
    if found := known(key, K.REPLACE, line_id):
        return found
    with transaction():
        line = locked(line_id)
        possible.check(line, K.REPLACE)
        plan = None if line.can_swap else line.plan
        wish = draft(line, K.REPLACE, asked_by, key=key, bulk=bulk, reason=reason, plan=plan)
        if plan is not None:
            buy(wish, line, plan)
        else:
            _start(wish, line)
        return wish


def suspend(line_id: str, **wanted: Unpack[Because]) -> Operation:
    """Pause a line, now or on a later day. Raises NoSuchLine, NotPossible (its supplier can not), LineBusy, BadInput."""
    return _service(line_id, K.SUSPEND, **wanted)


def reactivate(line_id: str, **wanted: Unpack[Because]) -> Operation:
    """End a pause. Raises as `suspend`."""
    return _service(line_id, K.REACTIVATE, **wanted)


def terminate(line_id: str, **wanted: Unpack[Because]) -> Operation:
    """End a line for good. Where its supplier can not end it, it is paused if that is possible, and runs out."""
    return _service(line_id, K.TERMINATE, **wanted)


def approved(operation_id: str) -> None:
    """The approval was granted: the wish goes on. The budget is asked again, for it may be used up by now.

    One for a later day is refused when another of its kind was planned meanwhile.
    """
    with transaction():
        wish = _waiting(operation_id)
        if wish is None:
            return
        assert wish.plan is not None
        if _waits(wish) and scheduling.planned(wish.line, wish.kind):
            _end(wish, Op.REFUSED, "another one was planned for this line meanwhile: cancel that, then ask again")
            return
        verdict = policies.reserve(facts_of(wish.line, wish.plan, _buying(wish)), key=wish.public_id, approved=True)
        if verdict.outcome == "deny":
            _end(wish, Op.REFUSED, "; ".join(one.words for one in verdict.reasons))
            return
        _go(wish, reservation=wish.public_id)


def refused(operation_id: str, why: str) -> None:
    """The approval was refused, or its time ran out."""
    with transaction():
        wish = _waiting(operation_id)
        if wish is not None:
            _end(wish, Op.REFUSED, why)


def known(key: str, kind: str, subject: str | None) -> Operation | None:
    """What was asked under this key before. `subject`: the line, or of a new one its plan. Raises KeyReused."""
    rows = Operation.objects.select_related("line", "plan").filter(idempotency_key=key)
    found: Operation | None = rows.first() if key else None
    if found is None:
        return None
    before = found.plan.public_id if found.kind == K.PROVISION and found.plan else found.line.public_id
    if (found.kind, before) != (kind, subject):
        raise KeyReused("this key was used for something else", fix="use a new key for each thing you ask for")
    return found


def plan_of(public_id: str) -> Plan:
    """A plan that is given out. Raises NoSuchPlan."""
    found: Plan | None = Plan.objects.filter(public_id=public_id, active=True).first()
    if found is None:
        raise NoSuchPlan("there is no such plan", fix="choose one of the company's plans")
    return found


def _at_work(public_id: str) -> Employee:
    found: Employee | None = Employee.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotAtWork("there is no such person", fix="add them first")
    if found.state == Employee.State.LEFT:
        raise NotAtWork(f"{found.name} has left", fix="give the line to somebody else")
    return found


def locked(public_id: str) -> FleetLine:
    """The line with its plan, to be changed. Raises NoSuchLine."""
    rows = FleetLine.objects.select_for_update(of=("self",)).select_related("plan")
    found: FleetLine | None = rows.filter(public_id=public_id).first()
    if found is None:
        raise NoSuchLine("there is no such line", fix="look at the list of lines")
    return found


def _waiting(public_id: str) -> Operation | None:
    # The line first, as everybody who changes it does.
    FleetLine.objects.select_for_update(of=("self",)).filter(operations__public_id=public_id).first()
    rows = Operation.objects.select_for_update(of=("self",)).select_related("line", "plan")
    found: Operation | None = rows.filter(public_id=public_id, state=Op.AWAITING_APPROVAL).first()
    return found


@needs_transaction
def draft(
    line: FleetLine,
    kind: str,
    asked_by: str,
    *,
    key: str,
    bulk: Bulk | None,
    reason: str,
    plan: Plan | None = None,
    on: date | None = None,
) -> Operation:
    """A wish that is not written down yet."""
    now = clock.now()
    return Operation(
        public_id=new_id("op"),
        line=line,
        kind=kind,
        state=Op.REQUESTED,
        state_at=now,
        plan=plan,
        effective_on=on,
        bulk=bulk,
        idempotency_key=key,
        asked_by=asked_by[:120],
        asked_at=now,
        reason=reason[:300],
    )


@needs_transaction
def buy(wish: Operation, line: FleetLine, plan: Plan, *, ask_first: bool = False) -> None:
    """Have the budgets reserve it, then write it down: to be ordered, or to wait for approval.

    Raises AgainstPolicy, and LineBusy where such a wish waits for its day.
    """
    if wish.effective_on is not None:
        _check_free(wish, line)
    facts = facts_of(line, plan, _buying(wish))
    verdict = policies.check(facts) if ask_first else policies.reserve(facts, key=wish.public_id)
    if ask_first and verdict.outcome == "allow":
        verdict = Verdict("needs_approval", (Reason("asked", wish.reason or "Somebody asks for it."),))
    if verdict.outcome == "deny":
        raise AgainstPolicy(verdict.reasons)
    if verdict.outcome == "needs_approval":
        wish.state = Op.AWAITING_APPROVAL
        if wish.kind == K.PROVISION:
            line.state = S.AWAITING_APPROVAL
        _write(wish, line)
        policies.ask_approval("operation", wish.public_id, facts, verdict, asked_by=wish.asked_by)
        return
    wish.reservation = wish.public_id
    if wish.effective_on is not None:
        _await_day(wish, line)
    else:
        _start(wish, line)


@needs_transaction
def _write(wish: Operation, line: FleetLine) -> None:
    line.save()
    wish.line = line
    try:
        wish.save()
    except IntegrityError as clash:
        raise LineBusy(
            "something else is being done with this line", fix="wait until that is done, or cancel it"
        ) from clash
    audit.note(
        f"line.{wish.kind}_asked", "line", line.public_id, after={"operation": wish.public_id}, reason=wish.reason
    )
    events.record(
        OperationAsked(organization_id=tenancy.organization_id(), operation=wish.public_id, kind=str(wish.kind))
    )


def _service(
    line_id: str,
    kind: Operation.Kind,
    *,
    asked_by: str,
    reason: str,
    key: str = "",
    bulk: Bulk | None = None,
    on: date | None = None,
) -> Operation:
    if found := known(key, kind, line_id):
        return found
    later = scheduling.later(on)
    with transaction():
        line = locked(line_id)
        if kind == K.REACTIVATE and not asked_by.startswith(RULE) and policies.stopped(line.pk):
            raise NotPossible("a rule stopped this line", fix="change the rule: then the line resumes by itself")
        possible.check(line, kind)
        wish = draft(line, kind, asked_by, key=key, bulk=bulk, reason=reason, on=later)
        if later is not None:
            _check_free(wish, line)
            _await_day(wish, line)
            return wish
        if kind in (K.SUSPEND, K.TERMINATE):
            _overtake(line, asked_by)
        if kind == K.TERMINATE:
            scheduling.take_back_all(line, f"overtaken: the line was ended by {asked_by}")
        line.wanted, line.wanted_at = scheduling.WANTED[kind], clock.now()
        _start(wish, line)
        return wish


@needs_transaction
def _await_day(wish: Operation, line: FleetLine) -> None:
    """Write it down for its day."""
    assert wish.effective_on is not None
    wish.state, wish.due_at = Op.SCHEDULED, scheduling.start_of(wish.effective_on)
    _write(wish, line)


def _check_free(wish: Operation, line: FleetLine) -> None:
    """Raises LineBusy where such a wish waits for its day already."""
    if scheduling.planned(line, wish.kind):
        raise LineBusy("this is planned for this line already", fix="cancel what is planned first")


@needs_transaction
def _start(wish: Operation, line: FleetLine) -> None:
    """Write it down, to be done now."""
    wish.due_at = clock.now()
    _write(wish, line)
    jobs.enqueue("fleet.advance", operation_id=wish.pk)


@needs_transaction
def _overtake(line: FleetLine, asked_by: str) -> None:
    """What only waits for somebody's word does not keep a line from being stopped."""
    rows = Operation.objects.select_for_update(of=("self",)).select_related("line")
    waiting = rows.filter(line=line, state=Op.AWAITING_APPROVAL).first()
    if waiting is not None:
        _end(waiting, Op.CANCELLED, f"overtaken: the line was stopped by {asked_by}")


@needs_transaction
def _go(wish: Operation, *, reservation: str) -> None:
    now = clock.now()
    waits = _waits(wish)
    wish.state, wish.state_at, wish.reservation = Op.SCHEDULED if waits else Op.REQUESTED, now, reservation
    wish.due_at = scheduling.start_of(wish.effective_on) if waits and wish.effective_on else now
    wish.save(update_fields=["state", "state_at", "due_at", "reservation"])
    if wish.kind == K.PROVISION:
        FleetLine.objects.filter(pk=wish.line_id).update(state=S.ORDERING, state_at=now)
    if not waits:
        jobs.enqueue("fleet.advance", operation_id=wish.pk)


def _waits(wish: Operation) -> bool:
    return wish.effective_on is not None and wish.effective_on > clock.now().date()


@needs_transaction
def _end(wish: Operation, state: Operation.State, why: str) -> None:
    if wish.kind == K.PROVISION:
        FleetLine.objects.filter(pk=wish.line_id).update(state=S.FAILED, state_at=clock.now(), problem=why[:300])
    release(wish)
    close(wish, state, why)


def _buying(wish: Operation) -> PurchaseKind:
    return cast(PurchaseKind, wish.kind)


def facts_of(line: FleetLine, plan: Plan, kind: PurchaseKind) -> PurchaseFacts:
    """What rules are asked about: a plan for this line, at its price now. In the company's scope."""
    return PurchaseFacts(
        organization_id=tenancy.organization_id(),
        employee_id=line.employee_id,
        team_id=line.team_id,
        cost_centre_id=line.cost_centre_id,
        line_id=line.pk,
        kind=kind,
        plan_public_id=plan.public_id,
        plan_name=plan.name,
        countries=tuple(plan.countries),
        data_bytes=plan.data_bytes,
        amount_minor=plan.price_minor,
        currency=plan.currency,
        at=clock.now(),
    )
