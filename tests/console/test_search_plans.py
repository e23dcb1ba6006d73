"""What people search for is found by an index, however many rows there are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from simplane.console import mail
from simplane.delivery.models import Message

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 20_000
MESSAGES = """
INSERT INTO delivery_message (kind, order_id, version, "to", locale, context, message_id, state, created_at, problem,
  attempts)
SELECT 'esim_ready', n, 1, md5(n::text) || '@example.com', 'en', '{}', 'm' || n, 'sent', now(), '', 0
FROM generate_series(1, %s) AS n
"""


def filled(*statements: tuple[str, list[Any]]) -> None:
    with connection.cursor() as cursor:
        for sql, given in statements:
            cursor.execute(sql, given)
        cursor.execute("ANALYZE delivery_message")


def plan(found: QuerySet[Any]) -> str:
    """The server's own plan for a query."""
    return str(found.explain())


def test_mail_to_an_address_that_begins_so_in_any_case() -> None:
    filled((MESSAGES, [ROWS]))
    known = Message.objects.order_by("pk")[ROWS // 2].to

    found = mail.to_address(known[:12].upper())

    assert [one.to for one in found] == [known]
    assert "message_to_prefix" in plan(found)
    assert "Seq Scan" not in plan(found)
