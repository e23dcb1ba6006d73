"""What people search for is found by an index, however many rows there are."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from simplane.console import mail, order_list
from simplane.delivery.models import Message
from simplane.ordering.models import Customer, Order
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 20_000
CUSTOMERS = """
INSERT INTO ordering_customer (organization_id, email, name, phone, locale, created_at, hold_reason)
SELECT %s, md5(n::text) || '@example.com', 'Ana', '', 'en', now(), '' FROM generate_series(1, %s) AS n
"""
ORDERS = """
INSERT INTO ordering_order (organization_id, public_id, book, account, external_id, name, customer_id, state, hold_reason,
  currency, total_minor, shown_currency, refunded_minor, is_test, locale, placed_at, received_at, clock_step)
SELECT c.organization_id, 'ord_' || c.id, 'retail', 'demo', (7000000 + c.id)::text, '#' || c.id, c.id, 'done', '',
  'EUR', 900, '', 0, false, 'en', now(), now() - c.id * interval '1 second', 0 FROM ordering_customer AS c
"""
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
        cursor.execute("ANALYZE ordering_customer, ordering_order, delivery_message")


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


def test_a_customer_by_the_beginning_of_the_address() -> None:
    filled((CUSTOMERS, [factories.organization().pk, ROWS]))
    known = Customer.objects.order_by("pk")[ROWS // 2].email

    found = Customer.objects.filter(email__startswith=known[:12])

    assert [one.email for one in found] == [known]
    assert "customer_email_prefix" in plan(found)
    assert "Seq Scan" not in plan(found)


@pytest.mark.parametrize("typed", ["#{n}", "{n}", "{number}"], ids=["name", "name without #", "number at the shop"])
def test_an_order_by_what_people_call_it(typed: str) -> None:
    filled((CUSTOMERS, [factories.organization().pk, ROWS]), (ORDERS, []))
    known = Order.objects.order_by("pk")[ROWS // 2]

    found = Order.objects.filter(order_list.matching(typed.format(n=known.name[1:], number=known.external_id)))

    assert list(found) == [known]
    assert "order_by_name" in plan(found)
    assert "order_by_shop_number" in plan(found)
    assert "Seq Scan" not in plan(found)


def test_orders_of_an_address_that_begins_so() -> None:
    filled((CUSTOMERS, [factories.organization().pk, ROWS]), (ORDERS, []))
    known = Customer.objects.order_by("pk")[ROWS // 2]

    found = Order.objects.filter(order_list.matching(known.email[:36]))

    assert [one.customer_id for one in found] == [known.pk]
    assert "customer_email_prefix" in plan(found)
    assert "Seq Scan" not in plan(found)
