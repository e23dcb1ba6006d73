"""The figures of the Today page: a handful of queries, each on an index, none a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, Sum

from simplane.channels.models import Reconciliation, Shop
from simplane.core import clock
from simplane.core.models import Schedule
from simplane.core.schedule import timetable
from simplane.delivery.models import Message
from simplane.ordering.letters import waiting
from simplane.suppliers.models import Supplier


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """Orders since midnight (UTC), and those under way whenever they came."""

    paid: int
    delivered: int
    in_progress: int
    late: int
    held: int


@dataclass(frozen=True, slots=True)
class Risk:
    """Money of open dead letters in one currency, minor units."""

    currency: str
    minor: int


@dataclass(slots=True)
class StuckCause:
    """Open dead letters of one cause."""

    cause: str
    oldest: datetime
    count: int = 0
    money: list[Risk] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SupplierHealth:
    """One supplier: what its purchases of the last hour came to. `p50_seconds` from asking to answer."""

    supplier: Supplier
    ok: int = 0
    refused: int = 0
    unknown: int = 0
    waiting: int = 0
    called_off: int = 0
    """Calls of the last 5 minutes that a circuit breaker did not let out."""
    p50_seconds: float | None = None

    @property
    def float_is_low(self) -> bool:
        known = self.supplier.float_minor
        return known is not None and known < self.supplier.float_low_minor


@dataclass(frozen=True, slots=True)
class MailFigures:
    """Mail: how much waits, since when, and what went wrong with the last 24 hours' mail."""

    waiting: int
    oldest: datetime | None
    sent: int
    failed: int
    bounced: int


_ORDERS = """
SELECT
  (SELECT count(*) FROM ordering_order WHERE received_at >= %(month)s AND clock_started_at >= %(day)s),
  (SELECT count(*) FROM ordering_order WHERE received_at >= %(month)s AND delivered_at >= %(day)s),
  count(*) FILTER (WHERE state = 'open'),
  count(*) FILTER (WHERE state = 'open' AND clock_step > 0),
  count(*) FILTER (WHERE state = 'held')
FROM ordering_order WHERE state NOT IN ('done', 'cancelled')
"""
_HEALTH = """
SELECT supplier_id,
  count(*) FILTER (WHERE outcome IN ('ok', 'accepted')),
  count(*) FILTER (WHERE state = 'rejected'),
  count(*) FILTER (WHERE state = 'unknown'),
  count(*) FILTER (WHERE state IN ('requested', 'pending')),
  count(*) FILTER (WHERE error_code = 'breaker' AND requested_at >= %(recent)s),
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at))
    FILTER (WHERE answered_at IS NOT NULL)
FROM suppliers_purchase WHERE supplier_id = ANY(%(suppliers)s) AND requested_at >= %(hour)s GROUP BY supplier_id
"""
LONGEST_ORDER = timedelta(days=31)
"""An order paid or delivered today was received at most this long ago (it keeps the count on an index)."""


def midnight() -> datetime:
    """When today began, UTC."""
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


def orders() -> OrderFigures:
    """Orders of today."""
    day = midnight()
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, {"day": day, "month": day - LONGEST_ORDER})
        return OrderFigures(*(cursor.fetchone() or (0, 0, 0, 0, 0)))


def stuck(*, tests: bool = False) -> list[StuckCause]:
    """Open dead letters by cause, the most first; of test orders or of all others. Currencies are never added up."""
    found: dict[str, StuckCause] = {}
    rows = (
        waiting(tests=tests)
        .values("cause", "money_currency")
        .annotate(count=Count("pk"), oldest=Min("opened_at"), minor=Sum("money_minor"))
        .order_by("cause", "money_currency")
    )
    for row in rows:
        group = found.setdefault(row["cause"], StuckCause(row["cause"], oldest=row["oldest"]))
        group.count += row["count"]
        group.oldest = min(group.oldest, row["oldest"])
        if row["money_currency"]:
            group.money.append(Risk(row["money_currency"], row["minor"]))
    return sorted(found.values(), key=lambda group: -group.count)


def total_risk(groups: list[StuckCause]) -> list[Risk]:
    """Money at risk over all causes, one sum a currency."""
    sums: dict[str, int] = {}
    for group in groups:
        for risk in group.money:
            sums[risk.currency] = sums.get(risk.currency, 0) + risk.minor
    return [Risk(currency, minor) for currency, minor in sorted(sums.items())]


def suppliers() -> list[SupplierHealth]:
    """Health of each active supplier from its real traffic."""
    return _health(list(Supplier.objects.filter(active=True).defer("credentials").order_by("name")))


def health_of(supplier: Supplier) -> SupplierHealth:
    """Health of one supplier."""
    return _health([supplier])[0]


def _health(known: list[Supplier]) -> list[SupplierHealth]:
    now = clock.now()
    given: dict[str, Any] = {
        "suppliers": [one.pk for one in known],
        "hour": now - timedelta(hours=1),
        "recent": now - timedelta(minutes=5),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HEALTH, given)
        figures = {row[0]: row[1:] for row in cursor.fetchall()}
    return [SupplierHealth(one, *figures.get(one.pk, ())) for one in known]


def mail() -> MailFigures:
    """Mail that waits, and how the newest 2,000 of the last 24 hours fared."""
    waiting = Message.objects.filter(due_at__isnull=False).aggregate(count=Count("pk"), oldest=Min("created_at"))
    since = clock.now() - timedelta(days=1)
    newest = Message.objects.order_by("-pk").values_list("state", "created_at")[:2000]
    states = [state for state, created_at in newest if created_at >= since]
    counts = {state: states.count(state) for state in ("sent", "failed", "bounced")}
    return MailFigures(waiting["count"], waiting["oldest"], **counts)


@dataclass(frozen=True, slots=True)
class ShopProof:
    """A shop and its last finished comparison with us (None: never compared)."""

    shop: Shop
    last: Reconciliation | None


def reconciliations() -> list[ShopProof]:
    """Each shop that is not gone, with its newest finished reconciliation."""
    newest = (
        Reconciliation.objects.filter(finished_at__isnull=False).order_by("shop_id", "-started_at").distinct("shop_id")
    )
    last = {one.shop_id: one for one in newest}
    shops = Shop.objects.exclude(state=Shop.State.UNINSTALLED).defer("credentials", "access_token").order_by("name")
    return [ShopProof(shop, last.get(shop.pk)) for shop in shops]


def troubled_schedules() -> list[Schedule]:
    """Scheduled work whose last run failed, or that began and never ended."""
    now = clock.now()
    wrong = Q(last_ok=False) | Q(lease_until__lt=now)
    return list(Schedule.objects.filter(wrong, name__in=timetable()).order_by("name"))
