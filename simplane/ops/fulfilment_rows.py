"""What our own rows say of delivered units: the bench measures with the same figures an operator sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_DELIVERED = """
SELECT extract(epoch FROM m.received_at), extract(epoch FROM s.sent_at), jsonb_array_length(p.trace)
FROM ordering_unit u
JOIN ordering_order o ON o.id = u.order_id
JOIN core_inboxmessage m ON m.id = o.source_message_id
JOIN delivery_message s ON s.unit_id = u.id AND s.kind = 'esim_ready' AND s.state = 'sent'
JOIN suppliers_purchase p ON p.id = u.purchase_id
WHERE u.state = 'delivered' AND m.received_at >= %s
"""
_OWED = """
SELECT (SELECT count(*) FROM core_inboxmessage WHERE due_at IS NOT NULL)
  + (SELECT count(*) FROM ordering_unit WHERE due_at IS NOT NULL)
  + (SELECT count(*) FROM channels_writeback WHERE due_at IS NOT NULL)
  + (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name NOT LIKE 'schedule.%')
"""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One unit: when its webhook was stored and its mail handed over (seconds since 1970), calls to the supplier."""

    stored_at: float
    mailed_at: float
    calls: int


def delivered_since(moment: float) -> list[Delivered]:
    """Units whose webhook came after `moment`."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_DELIVERED, [datetime.fromtimestamp(moment, UTC)])
        return [Delivered(float(stored), float(mailed), int(calls)) for stored, mailed, calls in cursor.fetchall()]


def drained() -> bool:
    """Whether nothing is owed any more, the shop's side included."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_OWED)
        row = cursor.fetchone()
    return bool(row and row[0] == 0)


def counts() -> dict[str, Any]:
    """Orders, delivered units, open dead letters, and purchases by supplier."""
    from django.db.models import Count

    from simplane.core.models import DeadLetter
    from simplane.ordering.models import Order, Unit
    from simplane.suppliers.models import Purchase

    by_supplier = Purchase.objects.order_by().values_list("supplier__code").annotate(Count("pk"))
    return {
        "orders": Order.objects.count(),
        "delivered": Unit.objects.filter(state=Unit.State.DELIVERED).count(),
        "dead_letters": DeadLetter.objects.filter(resolved_at__isnull=True).count(),
        "suppliers": dict(by_supplier),
    }
