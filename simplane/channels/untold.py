"""The net below lost write-backs: orders with delivered units that no row speaks of."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from simplane.core import clock, jobs
from simplane.core.db import transaction

AFTER = timedelta(minutes=5)
"""How long the job that a delivery causes may take before it counts as lost."""
BEFORE = timedelta(days=3)


def tell_untold() -> int:
    """Have the shops told of what was delivered in the last three days and is in no write-back; returns how many orders."""
    now = clock.now()
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute(UNTOLD, {"since": now - BEFORE, "until": now - AFTER})
            found = [row[0] for row in cursor.fetchall()]
        jobs.enqueue_many("channels.write_back", [{"order_id": pk} for pk in found])
    return len(found)


UNTOLD = """
WITH late AS (
  SELECT DISTINCT u.order_id FROM ordering_unit u
  JOIN channels_shop s ON s.key = u.account AND s.state <> 'uninstalled'
  WHERE u.book = 'retail' AND u.delivered_at BETWEEN %(since)s AND %(until)s AND u.state = 'delivered'
)
SELECT order_id FROM late
WHERE (SELECT count(*) FROM ordering_unit u WHERE u.order_id = late.order_id AND u.state = 'delivered')
    > (SELECT coalesce(sum(told.units::bigint), 0) FROM channels_writeback w, jsonb_each_text(w.lines) AS told(line, units)
       WHERE w.order_id = late.order_id)
  AND NOT EXISTS (SELECT FROM ordering_unit u WHERE u.order_id = late.order_id
    AND u.state NOT IN ('delivered', 'dead', 'failed', 'cancelled', 'refunded'))
ORDER BY order_id LIMIT 500
"""
"""Units on their way hold the write-back of their order up; the last of them causes it when it ends."""
