"""A webhook that says that a line moved, not how it stands, has the line read."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from simplane.core import clock
from simplane.core.inbox import Handled
from simplane.core.models import InboxMessage
from simplane.lines.models import Line, LineEvent, PlanState
from simplane.usage.webhooks import handle
from tests import factories

READS = "SELECT args ->> 'line_id' FROM procrastinate_jobs WHERE task_name = 'usage.refresh_line' ORDER BY id"


def tell(topic: str, line: Line, number: int) -> Handled:
    """1GLOBAL's event of one product of a line."""
    about = {"product": {"id": "prd_1"}, "subscription": {"id": line.supplier_line_id}}
    body = {"id": f"evt_{number}", "type": topic, "created_at": clock.now().isoformat(), "data": about}
    sent = InboxMessage(
        channel="supplier",
        account=line.supplier.code,
        body=json.dumps(body).encode(),
        trusted=False,
        received_at=clock.now(),
    )
    return handle(sent)


@pytest.mark.django_db(transaction=True)
def test_one_product_that_is_used_up_does_not_make_the_line_so_but_has_it_read() -> None:
    options = {"account_id": "acc_1", "purchase_location": "GB"}
    one = factories.supplier(vendor="oneglobal", options=options, credentials={"client_id": "x", "client_secret": "y"})
    line = factories.line(offer=factories.offer(supplier=one), plan_state=PlanState.ACTIVE, plan_at=clock.now())

    assert tell("product.throttling.applied", line, 1) == Handled(ignored="nothing in it concerns us")
    assert tell("product.depleted", line, 2) == Handled()
    assert tell("balance.threshold.exceeded", line, 3) == Handled()

    line.refresh_from_db()
    assert line.plan_state == PlanState.ACTIVE
    assert LineEvent.objects.filter(line=line, applied=False).count() == 2
    with connection.cursor() as cursor:
        cursor.execute(READS)
        assert [row[0] for row in cursor.fetchall()] == [str(line.pk)]
