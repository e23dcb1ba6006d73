"""Alerts: raised by rule and subject, counted while open, told at once and then at most every 15 minutes."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import F

from simplane.alerts import mail, slack
from simplane.alerts.models import Alert
from simplane.alerts.values import Notice, Telling
from simplane.core import audit, clock, context, jobs, work
from simplane.core.db import transaction
from simplane.core.log import logger

log = logger(__name__)
REPEAT_AFTER = timedelta(minutes=15)
RETRY_AFTER = timedelta(seconds=30)

RAISE = """
INSERT INTO alerts_alert (rule, subject, level, title, text, link, count, first_at, last_at, told_by, acknowledged_by,
  problem, due_at, attempts)
VALUES (%(rule)s, %(subject)s, %(level)s, %(title)s, %(text)s, %(link)s, 1, %(now)s, %(now)s, '[]', '', '', %(now)s, 0)
ON CONFLICT (rule, subject) WHERE resolved_at IS NULL DO UPDATE SET
  count = alerts_alert.count + 1, last_at = EXCLUDED.last_at, title = EXCLUDED.title, text = EXCLUDED.text,
  level = EXCLUDED.level, link = EXCLUDED.link,
  due_at = CASE WHEN alerts_alert.acknowledged_at IS NOT NULL THEN alerts_alert.due_at
    ELSE coalesce(alerts_alert.due_at, greatest(%(now)s, alerts_alert.told_at + make_interval(secs => %(repeat)s))) END
RETURNING id, count
"""


def raise_alert(rule: str, subject: str, *, level: str, title: str, text: str = "", link: str = "") -> int:
    """Say that something is wrong. While an alert of this rule and subject is open it is counted, not doubled.

    `title` and `text` must hold no personal data and no activation code. Returns the alert's id.
    """
    with transaction(), connection.cursor() as cursor:
        cursor.execute(
            RAISE,
            {
                "rule": rule[:60],
                "subject": subject[:120],
                "level": level,
                "title": title[:150],
                "text": text,
                "link": link[:300],
                "now": clock.now(),
                "repeat": REPEAT_AFTER.total_seconds(),
            },
        )
        row = cursor.fetchone()
        assert row is not None
        alert_id, count = row
        if count == 1:
            jobs.enqueue("alerts.tell", alert_id=alert_id)
    return int(alert_id)


def resolve(rule: str, subject: str) -> bool:
    """The trouble is over: close the alert and say so to those who were told. False when none was open."""
    with transaction():
        alert = Alert.objects.select_for_update().filter(rule=rule, subject=subject, resolved_at__isnull=True).first()
        if alert is None:
            return False
        alert.resolved_at = clock.now()
        alert.due_at = clock.now() if alert.told_at else None
        alert.save(update_fields=["resolved_at", "due_at"])
        if alert.told_at:
            jobs.enqueue("alerts.tell", alert_id=alert.pk)
    return True


def acknowledge(alert_id: int) -> None:
    """A person has it: no more repeats while it is open."""
    with transaction():
        taken = Alert.objects.filter(pk=alert_id, acknowledged_at__isnull=True).update(
            acknowledged_at=clock.now(), acknowledged_by=context.actor()[:120], due_at=None
        )
        if taken:
            audit.note("alert.acknowledged", "alert", alert_id)


def tell(alert_id: int) -> None:
    """Tell people about one alert: Slack when it is set, e-mail when it is not or when Slack is dead. Safe to repeat."""
    alert = work.claim(Alert, alert_id, seconds=60)
    if alert is None:
        return
    notice = Notice.of(alert)
    outcome = slack.post(notice)
    told = ["slack"] if outcome.told else []
    if not outcome.told and not outcome.retry:
        mailed = mail.post(notice, why_not_slack=outcome.problem)
        told, outcome = (["mail"], mailed) if mailed.told else ([], mailed)
    _keep(alert, told, outcome)


def _keep(alert: Alert, told: list[str], outcome: Telling) -> None:
    now = clock.now()
    if told:
        Alert.objects.filter(pk=alert.pk).update(
            told_at=now, told_by=told, due_at=None, lease_until=None, attempts=0, problem=outcome.problem[:300]
        )
        return
    log.error("alerts.nobody_told", alert_id=alert.pk, rule=alert.rule, problem=outcome.problem)
    Alert.objects.filter(pk=alert.pk).update(
        due_at=now + max(RETRY_AFTER, timedelta(seconds=outcome.retry_after)),
        lease_until=None,
        attempts=F("attempts") + 1,
        problem=outcome.problem[:300],
    )
