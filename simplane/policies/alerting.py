"""What companies are told in the application: raised once, counted while it lasts, acknowledged, escalated, resolved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import connection

from simplane.core import audit, clock, context, events, redact
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.ids import new_id
from simplane.policies.alert_models import Alert
from simplane.policies.choices import Severity
from simplane.policies.events import AlertRaised
from simplane.policies.reading import reachable, settings_of
from simplane.policies.values import Level

ORDER = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
MOST_TOLD = 20
"""More alerts that begin at once are told as one; each stands in the list all the same."""
RAISE = """
INSERT INTO policies_alert AS known (organization_id, public_id, kind, severity, level, subject_id, dedupe, title, text,
  count, told, first_at, last_at, state, acknowledged_by, attempts, due_at)
SELECT organization_id, public_id, kind, severity, level, subject_id, dedupe, title, text, 1, 1, %(now)s, %(now)s,
  'open', '', 0, CASE WHEN severity = 'critical' THEN %(due)s::timestamptz END
  FROM json_to_recordset(%(raised)s::json) AS one (organization_id bigint, public_id text, kind text, severity text,
    level text, subject_id bigint, dedupe text, title text, text text)
ON CONFLICT (organization_id, dedupe) WHERE state <> 'resolved' DO UPDATE SET count = known.count + 1,
  last_at = excluded.last_at, title = excluded.title, text = excluded.text, severity = excluded.severity,
  told = known.told + CASE WHEN %(again)s THEN 1 ELSE 0 END,
  state = CASE WHEN %(again)s THEN 'open' ELSE known.state END,
  due_at = CASE WHEN %(again)s THEN excluded.due_at ELSE known.due_at END
RETURNING id, count, told
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What is wrong. `dedupe`: names the trouble; while an alert of that name is open it is counted, not doubled."""

    organization_id: int
    kind: str
    severity: str
    level: Level = "company"
    subject_id: int = 0
    dedupe: str
    title: str
    text: str = ""


@needs_transaction
def raise_alert(raised: Raised, *, again: bool = False) -> int:
    """Tell a company. `again`: it became worse, so people hear of it although they know it. Returns its id."""
    (pk,) = raise_many(raised.organization_id, [raised], again=again)
    return pk


@needs_transaction
def raise_many(organization_id: int, many: Sequence[Raised], *, again: bool = False) -> list[int]:
    """As `raise_alert`, in one statement; a storm of them is told as one alert about all. Returns their ids."""
    rows = _write(organization_id, {one.dedupe: one for one in many}.values(), again=again) if many else []
    told = [(pk, step) for pk, count, step in rows if count == 1 or again]
    if len(told) > MOST_TOLD:
        told = [(pk, step) for pk, _, step in _write(organization_id, [_about_all(many)], again=True)]
    events.record(*(AlertRaised(organization_id=organization_id, alert_id=pk, step=step) for pk, step in told))
    return [pk for pk, _, _ in rows]


@needs_transaction
def _write(organization_id: int, many: Iterable[Raised], *, again: bool) -> list[tuple[int, int, int]]:
    now = clock.now()
    due = now + timedelta(hours=settings_of(organization_id).escalate_hours)
    raised = [
        {
            **asdict(one),
            "public_id": new_id("alert"),
            "title": redact.text(one.title)[:150],
            "text": redact.text(one.text)[:1000],
        }
        for one in many
    ]
    with connection.cursor() as cursor:
        cursor.execute(RAISE, {"raised": json.dumps(raised), "now": now, "due": due, "again": again})
        return list(cursor.fetchall())


def _about_all(many: Sequence[Raised]) -> Raised:
    worst = max(many, key=lambda one: ORDER.index(Severity(one.severity)))
    titles = sorted({one.title for one in many})
    return Raised(
        organization_id=worst.organization_id,
        kind=worst.kind,
        severity=worst.severity,
        dedupe=f"many:{worst.kind}",
        title=f"{len(many)} alerts at once: {titles[0]}",
        text="; ".join(titles),
    )


def acknowledge(organization_id: int, public_id: str) -> None:
    """A person has it: nobody else is told. Raises NotFound when it is over."""
    with transaction(), reachable():
        alert = _open(organization_id, public_id)
        if alert.state == Alert.State.ACKNOWLEDGED:
            return
        alert.state, alert.acknowledged_at = Alert.State.ACKNOWLEDGED, clock.now()
        alert.acknowledged_by, alert.due_at = context.actor()[:120], None
        alert.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "due_at"])
        audit.note("alert.acknowledged", "alert", public_id, organization_id=organization_id)


def resolve(organization_id: int, public_id: str) -> None:
    """A person says that it is over. Raises NotFound when it is."""
    with transaction(), reachable():
        alert = _open(organization_id, public_id)
        resolve_named(organization_id, alert.dedupe)
        audit.note("alert.resolved", "alert", public_id, organization_id=organization_id)


@needs_transaction
def resolve_named(organization_id: int, *dedupe: str) -> int:
    """What was wrong is over. Returns how many alerts that ended."""
    with reachable():
        still = Alert.objects.filter(organization_id=organization_id, dedupe__in=dedupe)
        found = still.exclude(state=Alert.State.RESOLVED)
        return int(found.update(state=Alert.State.RESOLVED, resolved_at=clock.now(), due_at=None))


@needs_transaction
def escalate(alert_id: int, now: datetime) -> bool:
    """Nobody acknowledged it in time: it is told once more, to everybody. False when somebody has, or it is over."""
    with reachable():
        found = Alert.objects.filter(pk=alert_id, state=Alert.State.OPEN, escalated_at__isnull=True)
        alert: Alert | None = found.select_for_update().first()
        if alert is None:
            return False
        alert.escalated_at, alert.due_at, alert.told = now, None, alert.told + 1
        alert.save(update_fields=["escalated_at", "due_at", "told"])
    events.record(AlertRaised(organization_id=alert.organization_id, alert_id=alert.pk, step=alert.told))
    return True


@needs_transaction
def _open(organization_id: int, public_id: str) -> Alert:
    rows = Alert.objects.select_for_update().filter(organization_id=organization_id, public_id=public_id)
    found: Alert | None = rows.exclude(state=Alert.State.RESOLVED).first()
    if found is None:
        raise NotFound("this alert is not open", fix="look at the list again")
    return found
