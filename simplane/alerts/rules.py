"""What is looked for every minute: trouble that nobody reports because it is what does not happen. Tests make none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Count, F, Q

from simplane.alerts.values import console
from simplane.channels.models import Reconciliation, Shop
from simplane.core import clock, deadletters
from simplane.core.models import DeadLetter, Schedule
from simplane.lines.queries import without_confirmation_code as without_code
from simplane.ordering.letters import waiting, without_tests
from simplane.ordering.models import Order
from simplane.suppliers.models import Purchase, Supplier

QUEUE_AGE_SECONDS = 120
RECONCILIATION_HOURS = 3
UNKNOWN_MINUTES = 15
SCHEDULE_PATIENCE_MINUTES = 5
CLOCK_STEP_OF_A_PERSON = 3
LEFT = "shop_uninstalled"
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
    text: str = ""
    link: str = ""
    once: bool = False
    """Told when it begins and not again while it lasts: nobody can end it soon."""


Rule = Callable[[], list[Trouble]]


def stuck() -> list[Trouble]:
    """Causes with open dead letters; closed letters resolve the alert. Shops that left have a rule of their own."""
    letters = waiting().exclude(cause=LEFT)
    rows = letters.values_list("cause").annotate(count=Count("pk"))
    return [
        Trouble(cause, f"{count} stuck: {deadletters.cause(cause).title}", link=console(f"stuck/{cause}/"))
        for cause, count in rows
    ]


def orders_late() -> list[Trouble]:
    """Paid orders for which the delivery clock has called a person, by shop."""
    late = Order.objects.filter(state=Order.State.OPEN, clock_step__gte=CLOCK_STEP_OF_A_PERSON, is_test=False)
    rows = late.values_list("account").annotate(count=Count("pk"))
    return [
        Trouble(
            account, f"{count} paid orders of {account} wait for their eSIM", "critical", link=console("orders/?late=1")
        )
        for account, count in rows
    ]


def unknown_purchases() -> list[Trouble]:
    """Purchases that may have been bought, open for long."""
    before = clock.now() - timedelta(minutes=UNKNOWN_MINUTES)
    count = without_tests(Purchase.objects.filter(state=Purchase.State.UNKNOWN, requested_at__lt=before)).count()
    title = f"{count} purchases unknown for more than {UNKNOWN_MINUTES} minutes"
    return [Trouble("all", title, "critical")] if count else []


def schedules() -> list[Trouble]:
    """Scheduled work that fails, and not just once: its last good run is minutes ago."""
    before = clock.now() - timedelta(minutes=SCHEDULE_PATIENCE_MINUTES)
    failed = Schedule.objects.filter(last_ok=False).exclude(last_success_at__gt=before)
    return [Trouble(one.name, f"Scheduled work {one.name} fails", text=one.last_problem[:500]) for one in failed]


def reconciliations() -> list[Trouble]:
    """Shops that were not compared with us for hours."""
    before = clock.now() - timedelta(hours=RECONCILIATION_HOURS)
    ended = {one.shop_id: one.finished_at for one in _newest()}
    shops = Shop.objects.filter(state=Shop.State.ACTIVE, created_at__lt=before)
    late = [shop for shop in shops if (ended.get(shop.pk) or shop.created_at) < before]
    return [Trouble(shop.key, f"{shop.name} was not reconciled for {RECONCILIATION_HOURS} h") for shop in late]


def open_reconciliations() -> list[Trouble]:
    """Shops whose orders and ours did not balance when they were last compared."""
    return [
        Trouble(one.shop.key, f"Orders of {one.shop.name} and ours do not balance", "critical", text=one.problem[:500])
        for one in _newest()
        if one.balanced is False and one.shop.state == Shop.State.ACTIVE
    ]


def _newest() -> list[Reconciliation]:
    ended = Reconciliation.objects.filter(finished_at__isnull=False).select_related("shop")
    return list(ended.order_by("shop_id", "-started_at").distinct("shop_id"))


def queue_age() -> list[Trouble]:
    """Jobs that should have begun minutes ago: too few workers, or none."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_JOB)
        age, count = cursor.fetchone() or (0, 0)
    title = f"{count} jobs wait, the oldest for {int(age)} s"
    return [Trouble("all", title, "critical")] if age > QUEUE_AGE_SECONDS else []


def low_floats() -> set[str]:
    """Suppliers whose balance is still below its threshold."""
    low = Supplier.objects.filter(active=True, float_minor__lt=F("float_low_minor"))
    return set(low.values_list("code", flat=True))


def paused_suppliers() -> set[str]:
    """Suppliers at which nothing is bought."""
    return set(Supplier.objects.filter(active=True).exclude(paused_reason="").values_list("code", flat=True))


def without_confirmation_code() -> list[Trouble]:
    """eSIMs whose buyers can not install them, by supplier."""
    rows = without_tests(without_code()).order_by().values_list("supplier__code").annotate(count=Count("pk"))
    text = (
        "Their phones ask for a confirmation code that the supplier did not give. Ask for it; the eSIM's page keeps it."
    )
    return [
        Trouble(code, f"{count} eSIMs of {code} can not be installed", text=text, link=console("esims/?code=missing"))
        for code, count in rows
    ]


def silent_shops() -> list[Trouble]:
    """Shops that refuse us; and, told once, those that removed the app, until somebody closes the letter about it."""
    letters = DeadLetter.objects.filter(cause=LEFT, kind="shop", resolved_at__isnull=True).values("subject_id")
    paused, left = Q(state=Shop.State.PAUSED), Q(state=Shop.State.UNINSTALLED, key__in=letters)
    return [
        Trouble(
            shop.key,
            f"{shop.name} is {shop.get_state_display()}: {shop.problem[:80]}",
            "critical",
            link=console(f"shops/{shop.key}/"),
            once=shop.state == Shop.State.UNINSTALLED,
        )
        for shop in Shop.objects.filter(paused | left).only("key", "name", "state", "problem")
    ]


RULES: dict[str, Rule] = {
    "shop_silent": silent_shops,
    "stuck": stuck,
    "orders_late": orders_late,
    "unknown_purchases": unknown_purchases,
    "schedule_failed": schedules,
    "reconciliation_late": reconciliations,
    "reconciliation_open": open_reconciliations,
    "queue_age": queue_age,
    "no_confirmation_code": without_confirmation_code,
}
"""Rules that raise and resolve."""

STILL: dict[str, Callable[[], set[str]]] = {"float_low": low_floats, "supplier_blocked": paused_suppliers}
"""Alerts that an event raises: the subjects for which the trouble lasts. All others are resolved."""
