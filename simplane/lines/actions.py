"""What happens to an eSIM: made when bought, then moved by what its supplier tells, never backwards in time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from simplane.core import audit, clock, events, rows
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput
from simplane.lines.events import LineEnded, LineFilled, LineMoved, PlanChanged, ProfileSwapped, UsageReached
from simplane.lines.models import Line, LineEvent, PlanChange, PlanState, ProfileState, ServiceState
from simplane.suppliers.models import Purchase
from simplane.suppliers.values import IssuedLine, LineStatus, SupplierEvent

CONFIRMATION_CODE = re.compile(r"[\w.-]{1,64}")
_ENDED_PLANS = (PlanState.EXPIRED,)
USAGE_STEPS = (75, 90, 100)
"""Percent of a line's data at which whoever sold it is told."""
_MOMENTS = {"installed": "installed_at", "attached": "attached_at", "first_use": "first_use_at"}


@needs_transaction
def create_line(*, unit_id: int, purchase: Purchase, issued: IssuedLine) -> Line:
    """The eSIM of a purchase. Repeating it gives the line that is there."""
    return create_lines([(unit_id, purchase, issued)])[unit_id]


@needs_transaction
def create_lines(issued: Sequence[tuple[int, Purchase, IssuedLine]]) -> dict[int, Line]:
    """As `create_line`, for several units; the lines by unit."""
    wanted = [_new(*one) for one in issued]
    made = {line.purchase_id: line for line in rows.insert_many(wanted, key="purchase_id", conflict=ONCE)}
    known = [line.purchase_id for line in wanted if line.purchase_id not in made]
    made |= {line.purchase_id: line for line in Line.objects.filter(purchase_id__in=known)} if known else {}
    return {unit_id: made[purchase.pk] for unit_id, purchase, _ in issued}


ONCE = "ON CONFLICT (purchase_id) DO NOTHING"


def _new(unit_id: int, purchase: Purchase, issued: IssuedLine) -> Line:
    return Line(
        purchase=purchase,
        unit_id=unit_id,
        supplier_id=purchase.supplier_id,
        supplier_line_id=issued.line_id,
        iccid=issued.iccid,
        smdp=issued.code.smdp,
        matching_id=issued.code.matching_id,
        oid=issued.code.oid,
        confirmation_code_required=issued.code.confirmation_code_required or bool(issued.confirmation_code),
        confirmation_code=issued.confirmation_code or None,
        apn=issued.apn,
        data_total=issued.data_total if issued.data_total is not None else purchase.offer.data_bytes,
        expires_at=issued.expires_at,
        issued_at=clock.now(),
    )


def keep_confirmation_code(line_id: int, code: str) -> None:
    """A person got the confirmation code of an eSIM from its supplier: page and mail show it from now on.

    Raises BadInput for what is no such code. The code itself is never written into the audit trail.
    """
    wanted = code.strip()
    if not CONFIRMATION_CODE.fullmatch(wanted):
        raise BadInput("this is no confirmation code", fix="type the 1 to 64 letters and digits that the supplier gave")
    with transaction():
        line = Line.objects.select_for_update().get(pk=line_id)
        line.confirmation_code, line.confirmation_code_required = wanted, True
        line.save(update_fields=["confirmation_code", "confirmation_code_required"])
        audit.note("line.confirmation_code_kept", "line", line.pk)


@needs_transaction
def note_filled(line_id: int, *, unit_id: int, issued: IssuedLine | None) -> None:
    """Data was added to a line by another unit. What its supplier answered is kept at once; a read tells the rest."""
    line = Line.objects.select_for_update().get(pk=line_id)
    if changed := _said(line, issued):
        Line.objects.filter(pk=line.pk).update(**changed)
    events.record(LineFilled(unit_id=line.unit_id, line_id=line.pk, by_unit=unit_id))


def _said(line: Line, issued: IssuedLine | None) -> dict[str, Any]:
    said = {"data_total": issued.data_total, "expires_at": issued.expires_at} if issued else {}
    return {name: value for name, value in said.items() if value is not None and value != getattr(line, name)}


@needs_transaction
def note_plan_changed(change: PlanChange, purchase: Purchase, issued: IssuedLine | None) -> None:
    """The new plan is bought: the supplier is asked about it from now on. Nothing for one that was noted before."""
    line = Line.objects.select_for_update().get(pk=change.line_id)
    if not PlanChange.objects.filter(pk=change.pk, done_at=None).update(done_at=clock.now()):
        return
    named = {"plan_order_id": purchase.supplier_order_id, "plan_offer_code": purchase.offer.code}
    Line.objects.filter(pk=line.pk).update(**named, **_said(line, issued))
    audit.note("line.plan_changed", "line", line.pk, before={"offer": change.old_offer_code}, after=named)
    events.record(PlanChanged(unit_id=line.unit_id, line_id=line.pk, by_unit=change.unit_id))


@needs_transaction
def note_swapped(line: Line, issued: IssuedLine, reason: str) -> None:
    """The line has another profile, not yet installed. Nothing when it is known already."""
    known = Line.objects.select_for_update().get(pk=line.pk)
    if known.iccid == issued.iccid:
        return
    Line.objects.filter(pk=line.pk).update(
        iccid=issued.iccid,
        smdp=issued.code.smdp,
        matching_id=issued.code.matching_id,
        oid=issued.code.oid,
        confirmation_code_required=issued.code.confirmation_code_required or bool(issued.confirmation_code),
        confirmation_code=issued.confirmation_code or None,
        profile_state=ProfileState.RELEASED,
        profile_at=clock.now(),
        installed_at=None,
        eid="",
    )
    audit.note(
        "line.swapped", "line", line.pk, before={"iccid": known.iccid}, after={"iccid": issued.iccid}, reason=reason
    )
    events.record(ProfileSwapped(unit_id=known.unit_id, line_id=line.pk, before=known.iccid, after=issued.iccid))


@needs_transaction
def apply_event(line: Line, event: SupplierEvent, *, source: str) -> bool:
    """Note what a supplier told about a line and move it, unless told before. True when the line changed.

    Each axis (profile, plan, service) keeps the supplier's time of its last change: something older is kept as
    evidence and moves nothing; nothing leaves a terminal state.
    """
    at = event.at or clock.now()
    line = Line.objects.select_for_update().get(pk=line.pk)
    row, fresh = LineEvent.objects.get_or_create(
        line=line,
        dedupe_key=event.dedupe_key[:120],
        defaults={
            "kind": (event.moment or event.topic)[:30],
            "at": at,
            "seen_at": clock.now(),
            "source": source,
            "applied": False,
            "data": _evidence(event),
        },
    )
    if not fresh or line.service_state == ServiceState.TERMINATED:
        return False
    changed = _apply_status(line, event.status, at) if event.status else {}
    changed |= _apply_moment(line, event, at)
    if changed:
        _save(line, changed, source)
        row.applied = True
        row.save(update_fields=["applied"])
    return bool(changed)


@needs_transaction
def apply_read(line: Line, status: LineStatus) -> bool:
    """The line as a read call showed it; authoritative for its moment. True when something changed."""
    line = Line.objects.select_for_update().get(pk=line.pk)
    Line.objects.filter(pk=line.pk).update(checked_at=clock.now())
    if line.service_state == ServiceState.TERMINATED:
        return False
    changed = _apply_status(line, status, status.at)
    if changed:
        _save(line, changed, "read")
    return bool(changed)


def _apply_status(line: Line, status: LineStatus, at: datetime) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for axis, value in (("profile", status.profile), ("plan", status.plan), ("service", status.service)):
        known_at: datetime | None = getattr(line, f"{axis}_at")
        if value is None or value == getattr(line, f"{axis}_state") or (known_at is not None and at < known_at):
            continue
        if axis == "plan" and line.plan_state in _ENDED_PLANS and value != PlanState.ACTIVE:
            continue
        changed |= {f"{axis}_state": value, f"{axis}_at": at}
    changed |= _apply_usage(line, status, at)
    if status.expires_at is not None and status.expires_at != line.expires_at:
        changed["expires_at"] = status.expires_at
    if status.eid and status.eid != line.eid:
        changed["eid"] = status.eid
    changed |= _first_times(line, changed, status, at)
    return changed


def _apply_usage(line: Line, status: LineStatus, at: datetime) -> dict[str, Any]:
    # What is read late can not be older than the line: it was sold with all its data.
    measured = max(status.usage_at or at, line.issued_at)
    if status.data_used is None or (line.usage_at is not None and measured < line.usage_at):
        return {}
    new = {"data_used": status.data_used, "usage_at": measured}
    if status.data_total is not None:
        new["data_total"] = status.data_total
    return {} if all(getattr(line, name) == value for name, value in new.items()) else new


def _first_times(line: Line, changed: dict[str, Any], status: LineStatus, at: datetime) -> dict[str, Any]:
    """Moments are kept as first seen: installed, first data, used up, ended."""
    found: dict[str, Any] = {}
    installed = (ProfileState.INSTALLED, ProfileState.ENABLED, ProfileState.DISABLED)
    if line.installed_at is None and (status.installed_at or changed.get("profile_state") in installed):
        found["installed_at"] = status.installed_at or at
    if line.first_use_at is None and (changed.get("data_used") or 0) > 0:
        found["first_use_at"] = at
    if line.depleted_at is None and changed.get("plan_state") == PlanState.DEPLETED:
        found["depleted_at"] = at
    ended = changed.get("plan_state") == PlanState.EXPIRED or changed.get("service_state") == ServiceState.TERMINATED
    if line.ended_at is None and ended:
        found["ended_at"] = at
    return found


def _apply_moment(line: Line, event: SupplierEvent, at: datetime) -> dict[str, Any]:
    field = _MOMENTS.get(event.moment)
    changed: dict[str, Any] = {}
    if field and getattr(line, field) is None:
        changed[field] = at
    if event.country and event.country != line.country:
        changed["country"] = event.country[:2]
    if event.moment == "deletion_scheduled" and line.service_state == ServiceState.ACTIVE:
        changed |= {"service_state": ServiceState.DELETION_SCHEDULED, "service_at": at}
    return changed


def _save(line: Line, changed: dict[str, Any], source: str) -> None:
    before = {name: getattr(line, name) for name in changed if name.endswith("_state")}
    used_before = _percent(line)
    for name, value in changed.items():
        setattr(line, name, value)
    line.save(update_fields=list(changed))
    after = {name: changed[name] for name in before}
    if after:
        events.record(
            LineMoved(unit_id=line.unit_id, line_id=line.pk, before=_words(before), after=_words(after), source=source)
        )
    passed = [step for step in USAGE_STEPS if used_before < step <= _percent(line)]
    if passed:
        assert line.data_used is not None
        assert line.data_total is not None
        events.record(
            UsageReached(
                unit_id=line.unit_id,
                line_id=line.pk,
                percent=passed[-1],
                data_used=line.data_used,
                data_total=line.data_total,
            )
        )
    if changed.get("ended_at"):
        events.record(LineEnded(unit_id=line.unit_id, line_id=line.pk))


def _percent(line: Line) -> float:
    """How much of its data is used; 0 while that is not known, or without a limit."""
    return 100 * line.data_used / line.data_total if line.data_used and line.data_total else 0.0


def _words(states: dict[str, Any]) -> dict[str, str]:
    return {name.removesuffix("_state"): str(value) for name, value in states.items()}


def _evidence(event: SupplierEvent) -> dict[str, Any]:
    return {"topic": event.topic, "moment": event.moment, "country": event.country}
