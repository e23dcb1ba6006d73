"""Holding an endpoint, and writing what its requests came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Min

from simplane.core import clock, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.log import logger
from simplane.webhooks import schedule
from simplane.webhooks.actions.endpoints import end
from simplane.webhooks.kinds import TEST
from simplane.webhooks.models import Attempt, Delivery, Endpoint
from simplane.webhooks.values import Parcel, Tried

log = logger(__name__)
LEASE_SECONDS = 60.0
"""Longer than any request takes (core/outside.py), so that nobody else begins one meanwhile."""
AT_ONCE = 10
"""Requests under way at one endpoint."""
BUSY = (429, 502, 503, 504)
_S = Delivery.State


@dataclass(frozen=True, slots=True)
class AtWork:
    """An endpoint in our hands, with what is to be sent and the secrets to sign it with, the newest first."""

    endpoint: Endpoint
    secrets: tuple[str, ...]
    parcels: tuple[Parcel, ...]


def take(endpoint_id: int) -> AtWork | None:
    """Hold the endpoint and what is due there; None when nothing is, or another worker has it."""
    endpoint = work.claim(Endpoint, endpoint_id, seconds=LEASE_SECONDS)
    if endpoint is None:
        return None
    now = clock.now()
    resting = endpoint.paused_until is not None and endpoint.paused_until > now
    due = Delivery.objects.filter(endpoint=endpoint, state=_S.WAITING, due_at__lte=now)
    due = due.select_related("message").annotate(newest=Max("attempts__number"))
    parcels = () if resting else tuple(_parcel(one) for one in due.order_by("due_at", "pk")[:AT_ONCE])
    if not parcels or endpoint.state != Endpoint.State.ACTIVE:
        give_back(endpoint)
        return None
    return AtWork(endpoint, living_secrets(endpoint, now), parcels)


def living_secrets(endpoint: Endpoint, now: datetime) -> tuple[str, ...]:
    """The present secret, and the one before it during the overlap."""
    current, previous = endpoint.secrets["current"], endpoint.secrets["previous"]
    overlap = previous and endpoint.previous_until is not None and now < endpoint.previous_until
    return (current, previous) if overlap else (current,)


def _parcel(delivery: Any) -> Parcel:
    message = delivery.message
    return Parcel(delivery.pk, message.public_id, message.body.encode(), (delivery.newest or 0) + 1)


def give_back(endpoint: Endpoint) -> None:
    """Let go of an endpoint, due again when its next delivery is."""
    with transaction():
        row = _still_held(endpoint)
        if row is not None:
            _release(row)


def settle(held: AtWork, tried: Sequence[Tried]) -> None:
    """Write the attempts, what they mean for deliveries and endpoint, and let go of it."""
    with transaction():
        row = _still_held(held.endpoint)
        if row is None:
            log.warning("webhooks.outcome_late", endpoint_id=held.endpoint.pk)
            return
        rows = Delivery.objects.select_related("message").in_bulk([one.parcel.delivery_id for one in tried])
        told = [(rows[one.parcel.delivery_id], one) for one in tried if one.parcel.delivery_id in rows]
        Attempt.objects.bulk_create(_note(delivery, one) for delivery, one in told)
        Delivery.objects.bulk_update([delivery for delivery, _ in told], _NOTED)
        _judge(row, told)
        if row.state == Endpoint.State.ACTIVE:
            _release(row)


@needs_transaction
def _still_held(endpoint: Endpoint) -> Endpoint | None:
    """The row, locked; None when it was deleted or disabled, or another worker has it."""
    row = Endpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
    return row if row is not None and row.lease_until == endpoint.lease_until else None


@needs_transaction
def _release(row: Endpoint) -> None:
    waiting = Delivery.objects.filter(endpoint=row, state=_S.WAITING)
    first: datetime | None = waiting.aggregate(first=Min("due_at"))["first"]
    if first is not None and row.paused_until is not None:
        first = max(first, row.paused_until)
    row.lease_until, row.due_at = None, first
    row.save()


_NOTED = ("tries", "last_status", "problem", "state", "finished_at", "due_at")


def _note(delivery: Delivery, tried: Tried) -> Attempt:
    """The attempt; sets what the delivery is now (`_NOTED`)."""
    delivery.tries += 1
    delivery.last_status, delivery.problem = tried.status, tried.problem
    again = _again(delivery, tried)
    if again is None:
        delivery.state = _S.FAILED if tried.problem else _S.DELIVERED
        delivery.finished_at = clock.now()
    delivery.due_at = again
    return Attempt(
        delivery=delivery,
        number=tried.parcel.number,
        at=tried.at,
        ms=tried.ms,
        url=tried.url,
        request_headers=tried.request_headers,
        status=tried.status,
        response_headers=tried.response_headers,
        response_body=tried.response_body,
        problem=tried.problem,
        next_at=again,
    )


def _again(delivery: Delivery, tried: Tried) -> datetime | None:
    if not tried.problem or tried.status == 410 or delivery.message.type == TEST:
        return None
    return schedule.next_try(delivery.tries, clock.now(), retry_after=tried.retry_after)


@needs_transaction
def _judge(row: Endpoint, told: Sequence[tuple[Delivery, Tried]]) -> None:
    """The endpoint's health by what just happened. A test event proves that it works, never that it fails."""
    if not told:
        return
    latest = max((one for _, one in told), key=lambda one: one.at)
    row.last_status, row.last_at = latest.status, latest.at
    failed = [one for delivery, one in told if one.problem and delivery.message.type != TEST]
    if any(one.status == 410 for one in failed):
        end(row, Endpoint.Reason.GONE)
    elif any(not one.problem for _, one in told):
        row.strikes, row.failing_since, row.warned_at, row.paused_until = 0, None, None, None
    elif failed:
        now = clock.now()
        row.strikes = min(row.strikes + len(failed), 1000)
        row.failing_since = row.failing_since or now
        asked = max((one.retry_after for one in failed if one.retry_after is not None), default=None)
        busy = any(one.status in BUSY for one in failed)
        pause = schedule.endpoint_pause(row.strikes, busy=busy, retry_after=asked)
        row.paused_until = now + timedelta(seconds=pause) if pause else None
