"""How suppliers have done lately, from our own purchases. Read rarely, remembered by the process for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection

from simplane.core import clock

REMEMBERED_SECONDS = 5.0
WINDOW = timedelta(days=7)
MOST_PURCHASES = 2000
"""Of each supplier, the newest."""
SICK_WINDOW = timedelta(minutes=5)
SICK_FROM = 10
"""Purchases without a sensible answer within SICK_WINDOW, more than four fifths of all: the group does not answer."""
PENDING_TOO_LONG = timedelta(minutes=2)

# A refusal for want of money, key or policy (`blocked`) says nothing about how reliable a supplier is.
# GROUPING SETS: one row a supplier (no offer) and one row an offer.
SQL = """
SELECT supplier.id, supplier.upstream_group, recent.offer_id,
       count(*) FILTER (WHERE recent.good),
       count(*) FILTER (WHERE recent.bad),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY recent.ms) FILTER (WHERE recent.good),
       count(*) FILTER (WHERE recent.good AND recent.now),
       count(*) FILTER (WHERE recent.silent AND recent.now)
  FROM suppliers_supplier AS supplier
  LEFT JOIN LATERAL (
    SELECT offer_id,
           state IN ('bought', 'cancelled') AS good,
           state = 'unknown' OR (state = 'rejected' AND outcome <> 'blocked')
             OR (state = 'pending' AND requested_at < %(pending)s) AS bad,
           state IN ('unknown', 'rejected') AND outcome IN ('unknown', 'retryable', 'blocked') AS silent,
           requested_at >= %(sick)s AS now,
           (1000 * extract(epoch FROM coalesce(settled_at, answered_at) - requested_at))::bigint AS ms
      FROM suppliers_purchase
     WHERE supplier_id = supplier.id AND requested_at >= %(since)s
     ORDER BY requested_at DESC LIMIT %(most)s) AS recent ON true
 GROUP BY GROUPING SETS ((supplier.id, supplier.upstream_group), (supplier.id, supplier.upstream_group, recent.offer_id))
"""


@dataclass(frozen=True, slots=True)
class Record:
    """Recent purchases: arrived, not, and half of them arrived within `median_ms`."""

    ok: int = 0
    bad: int = 0
    median_ms: int | None = None


NOTHING = Record()


@dataclass(frozen=True, slots=True)
class Stats:
    """What was read at one moment."""

    suppliers: Mapping[int, Record]
    offers: Mapping[int, Record]
    sick_groups: frozenset[str]
    read_at: float = field(default_factory=time.monotonic)

    def supplier(self, supplier_id: int) -> Record:
        """The record of a supplier."""
        return self.suppliers.get(supplier_id, NOTHING)

    def offer(self, offer_id: int) -> Record:
        """The record of an offer."""
        return self.offers.get(offer_id, NOTHING)


_lock = threading.Lock()
_known: Stats | None = None


def recent(supplier_ids: frozenset[int]) -> Stats:
    """Statistics at most REMEMBERED_SECONDS old that know these suppliers. While one thread reads, others use the old."""
    global _known  # noqa: PLW0603  the process' one memory of them
    known = _known
    if known is not None and supplier_ids <= known.suppliers.keys():
        if time.monotonic() - known.read_at < REMEMBERED_SECONDS or not _lock.acquire(blocking=False):
            return known
    else:
        _lock.acquire()
    try:
        fresh = _read()
        _known = fresh
    finally:
        _lock.release()
    return fresh


def forget() -> None:
    """Read anew at the next decision."""
    global _known  # noqa: PLW0603
    _known = None


def _read() -> Stats:
    now = clock.now()
    window: dict[str, Any] = {
        "since": now - WINDOW,
        "sick": now - SICK_WINDOW,
        "pending": now - PENDING_TOO_LONG,
        "most": MOST_PURCHASES,
    }
    suppliers: dict[int, Record] = {}
    offers: dict[int, Record] = {}
    answers: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SQL, window)
        for supplier_id, group, offer_id, ok, bad, median, fine, silent in cursor.fetchall():
            if offer_id is None:
                suppliers[supplier_id] = Record(ok, bad, median)
                so_far = answers.setdefault(group, [0, 0])
                so_far[0], so_far[1] = so_far[0] + fine, so_far[1] + silent
            else:
                offers[offer_id] = Record(ok, bad, median)
    sick = frozenset(group for group, (fine, silent) in answers.items() if silent >= SICK_FROM and silent > 4 * fine)
    return Stats(suppliers, offers, sick)
