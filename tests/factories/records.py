"""What is written down along the way: webhooks, mails, dead letters, news, alerts."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db import connection

from simplane.alerts.models import Alert
from simplane.core import clock
from simplane.core.ids import secret_token
from simplane.core.models import AuditEntry, DeadLetter, Event, InboxMessage
from simplane.delivery.models import InstallLink, Message
from tests.factories.base import number
from tests.factories.sales import order


def letter(**given: Any) -> DeadLetter:
    """An open dead letter of a unit, 9.00 EUR at risk."""
    fields: dict[str, Any] = {
        "kind": "unit",
        "subject_id": str(number()),
        "cause": "no_candidate",
        "summary": "no offer may serve this product",
        "money_minor": 900,
        "money_currency": "EUR",
        "opened_at": clock.now(),
    }
    return DeadLetter.objects.create(**fields | given)


def inbox_message(**given: Any) -> InboxMessage:
    """A webhook of the demo shop that was worked on."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "channel": "shopify",
        "account": "demo",
        "delivery_id": f"delivery-{n}",
        "topic": "orders/paid",
        "headers": {"x-shopify-topic": "orders/paid"},
        "body": b'{"id": 1, "email": "ana@example.com"}',
        "trusted": True,
        "received_at": now,
        "state": "done",
        "handled_at": now,
    }
    return InboxMessage.objects.create(**fields | given)


def message(**given: Any) -> Message:
    """A mail that was sent."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "kind": "esim_ready",
        "order_id": given.get("order_id") or order().pk,
        "to": f"ana{n}@example.com",
        "locale": "en",
        "message_id": f"<{n}.{uuid.uuid4().hex[:8]}@simplane.example>",
        "state": "sent",
        "created_at": now,
        "sent_at": now,
    }
    return Message.objects.create(**fields | given)


def install_link(**given: Any) -> InstallLink:
    """A live install link."""
    fields = {"token": secret_token(), "locale": "en", "created_at": clock.now()}
    return InstallLink.objects.create(**{"order_id": given.get("order_id") or order().pk} | fields | given)


def failed_job(**given: Any) -> None:
    """A job of the queue that gave up."""
    name = given.get("name", "ordering.advance")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
            " VALUES ('supplier', %s, %s::jsonb, 'failed', 8)",
            [name, json.dumps(given.get("arguments", {"unit_id": 1}))],
        )


def event(**given: Any) -> Event:
    """A piece of news."""
    return Event.objects.create(**{"name": "UnitMoved", "at": clock.now(), "data": {}} | given)


def audit_entry(**given: Any) -> AuditEntry:
    """A line of the audit trail."""
    fields = {"at": clock.now(), "actor": "system", "action": "order.held", "entity": "order", "entity_id": "1"}
    return AuditEntry.objects.create(**fields | given)


def alert(**given: Any) -> Alert:
    """An open alert."""
    now = clock.now()
    fields = {"rule": "float_low", "subject": f"supplier-{number()}", "level": "warning", "title": "Float is low"}
    return Alert.objects.create(**fields | {"first_at": now, "last_at": now} | given)
