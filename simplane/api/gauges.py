"""The state of the business as Prometheus reads it: a few queries on partial indexes, asked at most every 5 seconds a process.

Every age is in seconds at the moment of asking. When the database can not answer, `simplane_database_up` is 0 and the rest
is missing: no figure is better than an old one that looks fresh.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import Error as DatabaseProblem
from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q, Sum
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from simplane.alerts.models import Alert
from simplane.channels.models import Reconciliation, Shop, WriteBack
from simplane.core import clock
from simplane.core.log import logger
from simplane.core.models import InboxMessage, Schedule
from simplane.core.queue_check import pulse
from simplane.core.queue_stats import depths
from simplane.delivery.limits import TURN
from simplane.delivery.models import Message
from simplane.ordering import states
from simplane.ordering.letters import waiting
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase, Supplier

log = logger(__name__)
FRESH_SECONDS = 5.0
RECENT_MINUTES = 15
Row = tuple[Sequence[str], float]
_RECENT = """
SELECT s.code, coalesce(nullif(p.outcome, ''), 'unanswered'), count(*)
FROM suppliers_supplier s JOIN suppliers_purchase p ON p.supplier_id = s.id AND p.requested_at > %s
GROUP BY 1, 2
"""


def gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    """One family; `rows` are label values with their figure."""
    family = GaugeMetricFamily(f"simplane_{name}", text, labels=labels)
    for values, figure in rows:
        family.add_metric(values, figure)
    return family


def _age(now: datetime, since: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def units(now: datetime) -> Iterator[GaugeMetricFamily]:
    """What is owed and not yet delivered, tests left out."""
    open_units = Unit.objects.exclude(state__in=states.ENDED).filter(order__is_test=False).values_list("state")
    found = list(open_units.annotate(Count("pk"), Min("state_at")))
    counted = {state: count for state, count, _ in found}
    yield gauge(
        "units",
        "Units not delivered yet, by state (`unknown`: may have been bought; `dead`: a person must decide)",
        ["state"],
        [([state], counted.get(state, 0)) for state in Unit.State.values if state not in states.ENDED],
    )
    ages = [([state], _age(now, oldest)) for state, _, oldest in found]
    yield gauge("units_oldest_seconds", "Longest time a unit has been in its state", ["state"], ages)


def orders(_: datetime) -> Iterator[GaugeMetricFamily]:
    """Orders behind their delivery clock."""
    late = Order.objects.filter(state=Order.State.OPEN, clock_step__gte=1, is_test=False)
    rows = late.values_list("clock_step").annotate(Count("pk"))
    text = "Open orders by step of the delivery clock: 1 late, 2 customer told, 3 person paged, 4 refund proposed"
    yield gauge("orders_late", text, ["step"], [([str(step)], count) for step, count in rows])


def purchases(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Attempts under way, and what came of those of the last minutes."""
    under_way = [Purchase.State.REQUESTED, Purchase.State.PENDING, Purchase.State.UNKNOWN]
    open_ones = Purchase.objects.filter(state__in=under_way).values_list("supplier__code", "state")
    found = list(open_ones.annotate(Count("pk"), Min("requested_at")))
    labels = ["supplier", "state"]
    yield gauge("purchases_open", "Purchases without a final answer", labels, [(r[:2], r[2]) for r in found])
    ages = [(row[:2], _age(now, row[3])) for row in found]
    yield gauge("purchases_open_oldest_seconds", "Age of the oldest of them", labels, ages)
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, [now - timedelta(minutes=RECENT_MINUTES)])
        recent = [(row[:2], row[2]) for row in cursor.fetchall()]
    text = f"Purchases asked for in the last {RECENT_MINUTES} minutes by outcome of the last call"
    yield gauge("purchases_recent", text, ["supplier", "outcome"], recent)


def dead_letters(now: datetime) -> Iterator[GaugeMetricFamily]:
    """What waits for a person, tests left out."""
    letters = waiting()
    found = list(letters.values_list("kind", "cause").annotate(Count("pk"), Min("opened_at")))
    labels = ["kind", "cause"]
    yield gauge("dead_letters", "Open dead letters", labels, [(row[:2], row[2]) for row in found])
    ages = [(row[:2], _age(now, row[3])) for row in found]
    yield gauge("dead_letters_oldest_seconds", "Age of the oldest of them", labels, ages)
    money = letters.exclude(money_currency="").values_list("money_currency").annotate(Sum("money_minor"))
    text = "Money at risk in open dead letters, in minor units"
    yield gauge("money_at_risk_minor", text, ["currency"], [([currency], minor) for currency, minor in money])


def queues(_: datetime) -> Iterator[GaugeMetricFamily]:
    """Jobs, and who does them."""
    full = depths()
    jobs: list[Row] = [
        ([one.queue, state], getattr(one, state)) for one in full for state in ("waiting", "later", "doing", "failed")
    ]
    yield gauge("queue_jobs", "Jobs by queue: due now, due later, being done, given up", ["queue", "state"], jobs)
    ages: list[Row] = [([one.queue], one.oldest.total_seconds() if one.oldest else 0.0) for one in full]
    yield gauge("queue_oldest_seconds", "How long the oldest job that is due has waited", ["queue"], ages)
    found = pulse()
    yield gauge("workers_alive", "Worker loops that gave a sign of life in the last 20 s", [], [([], found.alive)])
    yield gauge("jobs_stalled", "Jobs that a dead worker left behind, to be started again", [], [([], found.stalled)])


def inbox(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Webhooks that were stored and are not worked off (flagged ones are dead letters)."""
    waiting = InboxMessage.objects.filter(due_at__isnull=False).values_list("channel", "state")
    found = list(waiting.annotate(Count("pk"), Min("received_at")))
    labels = ["channel", "state"]
    yield gauge("inbox_messages", "Webhooks stored and not worked off", labels, [(row[:2], row[2]) for row in found])
    ages = [(row[:2], _age(now, row[3])) for row in found]
    yield gauge("inbox_oldest_seconds", "Age of the oldest of them", labels, ages)


def suppliers(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Float and pauses."""
    active = list(Supplier.objects.filter(active=True).order_by("code"))
    known = [one for one in active if one.float_minor is not None and one.float_at is not None]
    labels = ["supplier", "currency"]
    floats: list[Row] = [([one.code, one.float_currency], one.float_minor or 0) for one in known]
    yield gauge("supplier_float_minor", "Our balance at a supplier, in minor units", labels, floats)
    lows: list[Row] = [([one.code, one.float_currency], one.float_low_minor) for one in known]
    yield gauge("supplier_float_low_minor", "Below this somebody is told", labels, lows)
    ages: list[Row] = [([one.code], _age(now, one.float_at or now)) for one in known]
    yield gauge("supplier_float_age_seconds", "How old that balance is", ["supplier"], ages)
    paused: list[Row] = [([one.code], float(bool(one.paused_reason))) for one in active]
    yield gauge("supplier_paused", "1: nothing is bought there now", ["supplier"], paused)


def reconciliations(now: datetime) -> Iterator[GaugeMetricFamily]:
    """The proof that no order is missing, by shop."""
    shops = {one.pk: one for one in Shop.objects.filter(state=Shop.State.ACTIVE)}
    ended = Reconciliation.objects.filter(shop__in=shops, finished_at__isnull=False)
    newest = ended.order_by("shop_id", "-started_at").distinct("shop_id")
    last = {one.shop_id: one for one in newest}
    ages: list[Row] = [
        ([shop.key], _age(now, (last[pk].finished_at if pk in last else None) or shop.created_at))
        for pk, shop in shops.items()
    ]
    yield gauge("reconciliation_age_seconds", "Since a shop was last compared with us (or added)", ["shop"], ages)
    balanced: list[Row] = [([shops[pk].key], float(bool(one.balanced))) for pk, one in last.items()]
    text = "1: orders at the shop = orders here + named exceptions"
    yield gauge("reconciliation_balanced", text, ["shop"], balanced)
    named: list[Row] = [([shops[pk].key], len(one.exceptions)) for pk, one in last.items()]
    yield gauge("reconciliation_exceptions", "Named exceptions of the last comparison", ["shop"], named)


def schedules(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Scheduled work."""
    found = list(Schedule.objects.filter(last_ok__isnull=False).order_by("name"))
    good: list[Row] = [([one.name], float(bool(one.last_ok))) for one in found]
    yield gauge("schedule_ok", "1: the last run of this scheduled work went well", ["schedule"], good)
    ages: list[Row] = [([one.name], _age(now, one.last_success_at)) for one in found if one.last_success_at is not None]
    yield gauge("schedule_success_age_seconds", "Since its last good run", ["schedule"], ages)


def messages(now: datetime) -> Iterator[GaugeMetricFamily]:
    """Mails, and calls to shops, that are still to be made."""
    waiting = Message.objects.filter(due_at__isnull=False).values_list("state")
    found = list(waiting.annotate(Count("pk"), oldest=Min("created_at", filter=~Q(context__has_key=TURN))))
    yield gauge("mail_messages", "Mails to be sent or sent again", ["state"], [(row[:1], row[1]) for row in found])
    ages: list[Row] = [([], max((_age(now, row[2]) for row in found if row[2]), default=0.0))]
    yield gauge("mail_oldest_seconds", "Age of the oldest of them that no limit holds back", [], ages)
    writing = WriteBack.objects.filter(due_at__isnull=False).aggregate(count=Count("pk"), oldest=Min("created_at"))
    yield gauge("write_backs_open", "Deliveries a shop was not told of yet", [], [([], writing["count"])])
    age = _age(now, writing["oldest"]) if writing["oldest"] else 0.0
    yield gauge("write_backs_oldest_seconds", "Age of the oldest of them", [], [([], age)])


def alerts(_: datetime) -> Iterator[GaugeMetricFamily]:
    """Troubles that are open."""
    found = Alert.objects.filter(resolved_at__isnull=True).values_list("rule", "level").annotate(Count("pk"))
    yield gauge("alerts_open", "Open alerts", ["rule", "level"], [(row[:2], row[2]) for row in found])
    untold = Alert.objects.filter(resolved_at__isnull=True, told_at__isnull=True).aggregate(Max("attempts"))
    yield gauge(
        "alerts_untold_attempts", "Most vain tries to tell of one alert", [], [([], untold["attempts__max"] or 0)]
    )


PARTS: tuple[Callable[[datetime], Iterator[GaugeMetricFamily]], ...] = (
    units,
    orders,
    purchases,
    dead_letters,
    queues,
    inbox,
    suppliers,
    reconciliations,
    schedules,
    messages,
    alerts,
)


class Business(Collector):
    """All of it, remembered for 5 seconds."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._asked_at = 0.0
        self._found: list[GaugeMetricFamily] = []

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing beforehand: registering must not ask the database."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The families, at most 5 seconds old."""
        with self._asking:
            if not self._found or time.monotonic() - self._asked_at > FRESH_SECONDS:
                self._found = read()
                self._asked_at = time.monotonic()
            return self._found

    def forget(self) -> None:
        """Ask again at the next question."""
        with self._asking:
            self._found = []


def read() -> list[GaugeMetricFamily]:
    """Ask the database now. A slow one is given 3 seconds a query."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '3s'")
            now = clock.now()
            found = [family for part in PARTS for family in part(now)]
    except DatabaseProblem as problem:
        log.warning("metrics.database_silent", problem=type(problem).__name__)
        return [_up(0)]
    return [_up(1), *found]


def _up(figure: int) -> GaugeMetricFamily:
    return gauge("database_up", "1: the database answered when it was last asked", [], [([], figure)])


BUSINESS = Business()
