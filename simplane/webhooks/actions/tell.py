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
    """Write what happened for the endpoints that want it. None: it was told before, or the organization has none."""
    return next(iter(tell_many([fact])), None)


@needs_transaction
def tell_many(facts: Sequence[Fact]) -> list[Message]:
    """As `tell`, for facts in the order they happened; those told before, and those nobody listens to, are left out.

    An organization whose endpoints are all disabled has its messages kept, so that they can be replayed.
    """
    owners = sorted({fact.organization_id for fact in facts})
    listening: dict[int, list[Endpoint]] = {}
    for endpoint in Endpoint.objects.filter(organization_id__in=owners).order_by("pk"):
        listening.setdefault(endpoint.organization_id, []).append(endpoint)
    _one_at_a_time(owner for owner in owners if owner in listening)
    messages = write([fact for fact in facts if fact.organization_id in listening])
    pairs = [
        (message, endpoint)
        for message in messages
        for endpoint in listening[message.organization_id]
        if endpoint.state == Endpoint.State.ACTIVE and wants(endpoint, message.type)
    ]
    send(pairs)
    return messages


def wants(endpoint: Endpoint, kind: str) -> bool:
    """Whether an endpoint asked for events of this type."""
    return not endpoint.event_types or kind in endpoint.event_types


@needs_transaction
def write(facts: Sequence[Fact]) -> list[Message]:
    """The messages themselves, each with the next number of its subject. Facts told before are left out."""
    told, newest = _known(facts)
    now, made = clock.now(), []
    for fact in facts:
        if (fact.organization_id, fact.key) in told:
            continue
        told.add((fact.organization_id, fact.key))
        subject = (fact.organization_id, fact.subject)
        newest[subject] = newest.get(subject, 0) + 1
        made.append(
            Message(
                organization_id=fact.organization_id,
                public_id=new_id("msg"),
                type=fact.type,
                key=fact.key,
                subject=fact.subject,
                sequence=newest[subject],
                at=fact.at,
                created_at=now,
                body=_body(fact, newest[subject]),
            )
        )
    return Message.objects.bulk_create(made)


def _known(facts: Sequence[Fact]) -> tuple[set[tuple[int, str]], dict[tuple[int, str], int]]:
    """Which of these facts were told, and the newest number of each subject."""
    owners = {fact.organization_id for fact in facts}
    rows = Message.objects.filter(organization_id__in=owners)
    told = rows.filter(key__in={fact.key for fact in facts}).values_list("organization_id", "key")
    about = rows.filter(subject__in={fact.subject for fact in facts}).values_list("organization_id", "subject")
    newest = about.annotate(newest=Max("sequence")).values_list("organization_id", "subject", "newest")
    return set(told), {(owner, subject): number for owner, subject, number in newest}


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
def send(pairs: Sequence[tuple[Message, Endpoint]]) -> list[Delivery]:
    """A delivery of each message to its endpoint, due now."""
    now = clock.now()
    made = Delivery.objects.bulk_create(
        Delivery(endpoint=endpoint, message=message, public_id=new_id("dlv"), due_at=now, created_at=now)
        for message, endpoint in pairs
    )
    wake(endpoint.pk for _, endpoint in pairs)
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


def _one_at_a_time(organization_ids: Iterable[int]) -> None:
    """Messages of one organization are numbered one after the other."""
    with connection.cursor() as cursor:
        for owner in organization_ids:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('webhooks', %s))", [owner])
