"""The watchdog: what nobody reports because it is what does not happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max

from simplane.alerts import actions
from simplane.alerts.models import Alert
from simplane.channels.models import Reconciliation, Shop
from simplane.core import clock, deadletters
from simplane.core.models import DeadLetter, Schedule
from simplane.suppliers.models import Purchase

QUEUE_AGE_SECONDS = 120
RECONCILIATION_HOURS = 3
UNKNOWN_MINUTES = 15
OLDEST_JOB = """
SELECT coalesce(extract(epoch FROM now() - min(scheduled_at)), 0), count(*)
FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at < now()
"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now."""

    subject: str
    title: str
    level: str = "warning"


Rule = Callable[[], list[Trouble]]


def watch() -> dict[str, Any]:
    """Run every rule: raise what is wrong, resolve what is no longer."""
    found = {name: rule() for name, rule in RULES.items()}
    for name, troubles in found.items():
        for trouble in troubles:
            actions.raise_alert(name, trouble.subject, level=trouble.level, title=trouble.title)
        _resolve_others(name, {trouble.subject for trouble in troubles})
    return {name: len(troubles) for name, troubles in found.items()}


def _resolve_others(rule: str, still: set[str]) -> None:
    for subject in Alert.objects.filter(rule=rule, resolved_at__isnull=True).values_list("subject", flat=True):
        if subject not in still:
            actions.resolve(rule, subject)


def unknown_purchases() -> list[Trouble]:
    """Purchases that may have been bought, open for long."""
    before = clock.now() - timedelta(minutes=UNKNOWN_MINUTES)
    count = Purchase.objects.filter(state=Purchase.State.UNKNOWN, requested_at__lt=before).count()
    title = f"{count} purchases unknown for more than {UNKNOWN_MINUTES} minutes"
    return [Trouble("all", title)] if count else []


def schedules() -> list[Trouble]:
    """Scheduled work whose last run failed."""
    failed = Schedule.objects.filter(last_ok=False)
    return [Trouble(one.name, f"Scheduled work {one.name} failed: {one.last_problem[:80]}") for one in failed]


def reconciliations() -> list[Trouble]:
    """Shops that were not compared with us for hours."""
    before = clock.now() - timedelta(hours=RECONCILIATION_HOURS)
    newest = dict(
        Reconciliation.objects.filter(finished_at__isnull=False)
        .values_list("shop_id")
        .annotate(Max("finished_at"))
    )
    shops = Shop.objects.filter(state=Shop.State.ACTIVE, created_at__lt=before)
    late = [shop for shop in shops if (newest.get(shop.pk) or shop.created_at) < before]
    return [Trouble(shop.key, f"{shop.name} was not reconciled for {RECONCILIATION_HOURS} h") for shop in late]


def queue_age() -> list[Trouble]:
    """Jobs that should have begun minutes ago: too few workers, or none."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_JOB)
        row = cursor.fetchone()
    assert row is not None
    age, count = int(row[0]), int(row[1])
    return [Trouble("all", f"{count} jobs wait, the oldest for {age} s", "critical")] if age > QUEUE_AGE_SECONDS else []


def stuck() -> list[Trouble]:
    """Causes with open dead letters; closed letters resolve the alert."""
    rows = DeadLetter.objects.filter(resolved_at__isnull=True).values_list("cause").annotate(count=Count("pk"))
    return [Trouble(cause, f"{count} stuck: {deadletters.cause(cause).title}") for cause, count in rows]


RULES: dict[str, Rule] = {
    "stuck": stuck,
    "unknown_purchases": unknown_purchases,
    "schedule_failed": schedules,
    "reconciliation_late": reconciliations,
    "queue_age": queue_age,
}
