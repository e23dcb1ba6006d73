"""Alerts: raised by rule and subject, counted while open, told at once and then at most every 15 minutes.

What people know is `told_at` and `told_by`; what they are owed is `due_at`. Trouble that comes back within 15 minutes
of its end opens the same alert again, so a flapping rule is one conversation and not a hundred.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from simplane.alerts import mail, slack
from simplane.alerts.models import Alert
from simplane.alerts.values import Notice, Telling
from simplane.core import audit, clock, context, jobs, ratelimit, redact, work
from simplane.core.db import in_thread, needs_transaction, transaction
from simplane.core.errors import NotFound
from simplane.core.log import logger

log = logger(__name__)
REPEAT_AFTER = timedelta(minutes=15)
SETTLE_AFTER = timedelta(minutes=2)
"""Trouble must be over for so long before people are told that it is."""
RETRY_AFTER = timedelta(seconds=30)
SLACK_TRIES = 3
"""Then mail: a Slack that fails for minutes is as dead as one that says so."""
LEASE_SECONDS = 150

COUNT = """
UPDATE alerts_alert SET count = count + 1, last_at = %(now)s, title = %(title)s, level = %(level)s,
  text = coalesce(nullif(%(text)s, ''), text), link = coalesce(nullif(%(link)s, ''), link),
  due_at = CASE WHEN acknowledged_at IS NOT NULL THEN due_at
    ELSE coalesce(due_at, greatest(%(now)s, told_at + make_interval(secs => %(repeat)s))) END
WHERE rule = %(rule)s AND subject = %(subject)s AND resolved_at IS NULL
RETURNING id
"""


def raise_alert(rule: str, subject: str, *, level: str, title: str, text: str = "", link: str = "") -> int:
    """Say that something is wrong. While an alert of this rule and subject is open it is counted, not doubled.

    `title` and `text` must hold no personal data; keys and activation codes are hidden here. An empty `text` or `link`
    keeps the one before. Returns the alert's id.
    """
    facts = {
        "rule": rule[:60],
        "subject": subject[:120],
        "level": level,
        "title": _clean(title)[:150],
        "text": _clean(text),
        "link": link[:300],
    }
    with transaction():
        return _count(facts) or _open(facts)


def _clean(text: str) -> str:
    return redact.text(text.replace("\x00", ""))


@needs_transaction
def _count(facts: dict[str, str]) -> int | None:
    """The way of a storm: one statement an alert."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {**facts, "now": clock.now(), "repeat": REPEAT_AFTER.total_seconds()})
        row = cursor.fetchone()
    return int(row[0]) if row else None


@needs_transaction
def _open(facts: dict[str, str]) -> int:
    """The first of its kind, or one that comes back. Two that come at once are one: they wait for each other here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%(rule)s || ':' || %(subject)s, 7))", facts)
    if counted := _count(facts):
        return counted
    now = clock.now()
    ended = Alert.objects.select_for_update().filter(
        rule=facts["rule"], subject=facts["subject"], resolved_at__gt=now - REPEAT_AFTER
    )
    alert = ended.order_by("-pk").first()
    if alert is None:
        alert = Alert.objects.create(**facts, first_at=now, last_at=now, due_at=now)
        jobs.enqueue("alerts.tell", alert_id=alert.pk)
        return alert.pk
    return _reopen(alert, facts, now)


def _reopen(alert: Alert, facts: dict[str, str], now: datetime) -> int:
    for name in ("level", "title", "text", "link"):
        setattr(alert, name, facts[name] or getattr(alert, name))
    believed_over = alert.due_at is None
    alert.resolved_at, alert.acknowledged_at, alert.acknowledged_by = None, None, ""
    alert.count += 1
    alert.last_at, alert.attempts = now, 0
    alert.told_by = [] if believed_over else alert.told_by
    alert.due_at = _not_before(alert) or now
    alert.save()
    return alert.pk


def resolve(rule: str, subject: str, *, unless_raised_since: datetime | None = None) -> bool:
    """The trouble is over: close the alert; those who were told hear it in two minutes. False when none was open."""
    with transaction():
        alert = Alert.objects.select_for_update().filter(rule=rule, subject=subject, resolved_at__isnull=True).first()
        if alert is None or (unless_raised_since is not None and alert.last_at >= unless_raised_since):
            return False
        alert.resolved_at = clock.now()
        alert.due_at = _not_before(alert) if alert.told_by else None
        alert.save(update_fields=["resolved_at", "due_at"])
    return True


def acknowledge(alert_id: int) -> None:
    """A person has it: no more repeats while it is open. Raises NotFound when it is not open (any more)."""
    with transaction():
        alert = Alert.objects.select_for_update().filter(pk=alert_id, resolved_at__isnull=True).first()
        if alert is None:
            raise NotFound("this alert is not open", fix="look at the list again")
        if alert.acknowledged_at is None:
            alert.acknowledged_at, alert.acknowledged_by, alert.due_at = clock.now(), context.actor()[:120], None
            alert.save(update_fields=["acknowledged_at", "acknowledged_by", "due_at"])
            audit.note("alert.acknowledged", "alert", alert_id)


def _not_before(alert: Alert) -> datetime | None:
    """The earliest moment people may be told of this alert as it stands; None: at once."""
    if alert.resolved_at is not None:
        return alert.resolved_at + SETTLE_AFTER
    if alert.told_at is None or (alert.level == Alert.Level.CRITICAL and not alert.told_by):
        return None
    return alert.told_at + REPEAT_AFTER


async def tell(alert_id: int) -> None:
    """Tell people about one alert: Slack when it is set, e-mail when it is not or when Slack is dead. Safe to repeat."""
    alert = await in_thread(_claim, alert_id)
    if alert is None:
        return
    notice = Notice.of(alert)
    told, outcome = await _by_slack(notice)
    if not told and (not outcome.retry or alert.attempts + 1 >= SLACK_TRIES):
        mailed = await asyncio.to_thread(mail.post, notice, why_not_slack=outcome.problem)
        told, outcome = (["mail"] if mailed.told else []), mailed
    await in_thread(_keep, alert.pk, notice, told, outcome)


def _claim(alert_id: int) -> Alert | None:
    """Take the alert when it is really time to tell; a job that comes twice or too early tells nothing."""
    alert = work.claim(Alert, alert_id, seconds=LEASE_SECONDS)
    if alert is None:
        return None
    earliest = _not_before(alert)
    nobody_waits = alert.acknowledged_at is not None and alert.resolved_at is None
    if nobody_waits or (earliest is not None and earliest > clock.now()):
        work.release(alert, due_at=None if nobody_waits else earliest)
        return None
    return alert


async def _by_slack(notice: Notice) -> tuple[list[str], Telling]:
    if not settings.SIMPLANE.slack_webhook_url:
        return [], Telling(told=False, problem="Slack is not set up")
    wait = await in_thread(_place_at_slack)
    if wait < 0:
        return [], Telling(told=False, retry=True, retry_after=-wait, problem="too many alerts at once for Slack")
    await asyncio.sleep(wait)
    outcome = await asyncio.to_thread(slack.post, notice)
    return (["slack"] if outcome.told else []), outcome


def _place_at_slack() -> float:
    """A little less than one channel takes (a message a second, a few at once). Shared by all workers."""
    return ratelimit.take("alerts:slack", per_second=0.9, burst=3, most_wait=30.0)


def _keep(alert_id: int, notice: Notice, told: list[str], outcome: Telling) -> None:
    """Write what came of telling, and what is owed by what happened meanwhile."""
    now = clock.now()
    with transaction():
        alert = Alert.objects.select_for_update().get(pk=alert_id)
        alert.lease_until, alert.problem = None, outcome.problem[:300]
        if told:
            alert.told_at, alert.told_by, alert.attempts = now, told, 0
            alert.due_at = _still_owed(alert, notice)
        else:
            alert.attempts += 1
            pause = max(RETRY_AFTER, timedelta(seconds=outcome.retry_after))
            alert.due_at = now + pause if _somebody_waits(alert) else None
        alert.save()
    if not told:
        log.error("alerts.nobody_told", alert_id=alert_id, rule=alert.rule, problem=outcome.problem)


def _still_owed(alert: Alert, notice: Notice) -> datetime | None:
    if alert.resolved_at is not None:
        return None if notice.resolved else _not_before(alert)
    if notice.resolved:  # told that it is over, and it is not
        alert.told_by = []
        return _not_before(alert) or clock.now()
    return _not_before(alert) if alert.count > notice.count and alert.acknowledged_at is None else None


def _somebody_waits(alert: Alert) -> bool:
    if alert.resolved_at is not None:
        return bool(alert.told_by)
    return alert.acknowledged_at is None
