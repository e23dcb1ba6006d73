"""Reading the news (`core_event`) for organizations that have endpoints.

The paths that make money write one row of news and nothing for us: neither a job nor a look-up, and orders placed inside
the database are seen like all others. We follow that table with a bookmark instead (docs/adr/0017).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from simplane.core import following
from simplane.core.db import needs_transaction
from simplane.webhooks.actions.tell import tell_many
from simplane.webhooks.facts import Happened, facts_of, told_of
from simplane.webhooks.kinds import READER
from simplane.webhooks.models import Endpoint

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Read:
    """`messages` written; `behind`: news that is there and not read yet."""

    messages: int
    behind: int


def read_news() -> Read:
    """Read on, at most 500 pieces of news. What was read is told in the commit that moves the bookmark."""
    told: list[int] = []

    def tell(after: int, upto: int) -> int:
        last, messages = _tell(after, upto)
        told.append(messages)
        return last

    behind = following.read_on(READER, tell)
    return Read(sum(told), behind)


@needs_transaction
def _tell(after: int, upto: int) -> tuple[int, int]:
    """Tell what happened after one piece of news up to another; returns how far it came and how many messages it made."""
    owners = list(Endpoint.objects.order_by().values_list("organization_id", flat=True).distinct())
    if not owners:
        return upto, 0
    with connection.cursor() as cursor:
        cursor.execute(NEWS, [after, upto, list(told_of()), owners, MOST_AT_ONCE])
        rows = [Happened(*row) for row in cursor.fetchall()]
    told = tell_many([fact for row in rows for fact in facts_of(row)])
    return (rows[-1].id if len(rows) == MOST_AT_ONCE else upto), len(told)


NEWS = """
SELECT e.id, e.name, e.at, e.data, coalesce(o.organization_id, (e.data ->> 'organization_id')::bigint) AS owner,
  o.public_id, o.external_id, o.state, u.public_id, p.sku, f.public_id, l.iccid
FROM core_event AS e
LEFT JOIN ordering_unit AS u ON u.id = e.unit_id
LEFT JOIN ordering_order AS o ON o.id = coalesce(u.order_id, e.order_id)
LEFT JOIN catalog_product AS p ON p.id = u.product_id
LEFT JOIN ordering_unit AS f ON f.id = coalesce(u.tops_up_id, u.id)
LEFT JOIN lines_line AS l ON l.id = f.line_id
WHERE e.id > %s AND e.id <= %s AND e.name = ANY(%s)
  AND coalesce(o.organization_id, (e.data ->> 'organization_id')::bigint) = ANY(%s)
ORDER BY e.id LIMIT %s
"""
