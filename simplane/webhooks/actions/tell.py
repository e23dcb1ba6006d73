"""Telling an organization: one message, a delivery for each endpoint that wants it, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Max

from simplane.core import clock, jobs
from simplane.core.db import needs_transaction
from simplane.core.ids import new_id
from simplane.webhooks.models import Delivery, Endpoint, Message
from simplane.webhooks.values import Fact


@needs_transaction
def tell(fact: Fact) -> Message | None:
    """Write what happened for the endpoints that want it. None: it was told before, or the organization has none.

    An organization whose endpoints are all disabled has the message kept, so that it can be replayed.
    """
    endpoints = list(Endpoint.objects.filter(organization_id=fact.organization_id))
    if not endpoints:
        return None
    _one_at_a_time(fact.organization_id)
    if Message.objects.filter(organization_id=fact.organization_id, key=fact.key).exists():
        return None
    message = write(fact)
    wanting = [one for one in endpoints if one.state == Endpoint.State.ACTIVE and wants(one, fact.type)]
    send_to(message, wanting)
    return message


def wants(endpoint: Endpoint, kind: str) -> bool:
    """Whether an endpoint asked for events of this type."""
    return not endpoint.event_types or kind in endpoint.event_types


@needs_transaction
def write(fact: Fact) -> Message:
    """The message itself, with the next number of its subject."""
    known = Message.objects.filter(organization_id=fact.organization_id, subject=fact.subject)
    sequence = (known.aggregate(newest=Max("sequence"))["newest"] or 0) + 1
    return Message.objects.create(
        organization_id=fact.organization_id,
        public_id=new_id("msg"),
        type=fact.type,
        key=fact.key,
        subject=fact.subject,
        sequence=sequence,
        at=fact.at,
        created_at=clock.now(),
        body=_body(fact, sequence),
    )


def _body(fact: Fact, sequence: int) -> str:
    content: dict[str, Any] = {
        "type": fact.type,
        "timestamp": stamp(fact.at),
        "data": {**fact.data, "sequence": sequence},
    }
    return msgspec.json.encode(content).decode()


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every time in the API."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@needs_transaction
def send_to(message: Message, endpoints: Sequence[Endpoint]) -> list[Delivery]:
    """A delivery to each of these endpoints, due now."""
    now = clock.now()
    made = Delivery.objects.bulk_create(
        Delivery(endpoint=one, message=message, public_id=new_id("dlv"), due_at=now, created_at=now)
        for one in endpoints
    )
    wake(one.pk for one in endpoints)
    return made


@needs_transaction
def wake(endpoint_ids: Iterable[int]) -> None:
    """These endpoints have something due now. One that is being served looks again before it is given back."""
    wanted = sorted(set(endpoint_ids))
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(WAKE, {"now": clock.now(), "ids": wanted})
    jobs.enqueue_many("webhooks.serve", [{"endpoint_id": one} for one in wanted])


WAKE = """
UPDATE webhooks_endpoint SET due_at = least(due_at, greatest(%(now)s::timestamptz, paused_until))
WHERE id IN (SELECT id FROM webhooks_endpoint WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE)
"""


def _one_at_a_time(organization_id: int) -> None:
    """Messages of one organization are numbered one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('webhooks', %s))", [organization_id])
