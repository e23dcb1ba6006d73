"""Sending again: one delivery, some messages, all since a moment; and the test event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput
from simplane.core.ids import new_id
from simplane.webhooks.actions.endpoints import locked
from simplane.webhooks.actions.tell import send, wake, write
from simplane.webhooks.errors import EndpointDisabled, NoSuchDelivery
from simplane.webhooks.kinds import TEST
from simplane.webhooks.models import Delivery, Endpoint, Message
from simplane.webhooks.values import Fact

MOST_AT_ONCE = 10_000
"""Messages of one replay; more are replayed by asking again for a later part."""


def replay_delivery(organization_id: int, public_id: str) -> Delivery:
    """Send one delivery again now, whatever became of it. Raises NoSuchDelivery, EndpointDisabled."""
    with transaction():
        rows = Delivery.objects.select_related("endpoint").filter(endpoint__organization_id=organization_id)
        found = rows.filter(public_id=public_id).first()
        if found is None:
            raise NoSuchDelivery("there is no such delivery", fix="list the deliveries of the endpoint")
        endpoint = _living(organization_id, found.endpoint.public_id)
        _begin_anew([found.pk], endpoint)
        audit.note("webhook_delivery.replayed", "webhook_delivery", public_id)
        found.refresh_from_db()
    return found


def replay_messages(organization_id: int, endpoint_id: str, message_ids: Sequence[str]) -> int:
    """Send these messages to an endpoint again; ids that are not the organization's are refused. Returns how many.

    Raises NoSuchEndpoint, EndpointDisabled, BadInput.
    """
    wanted = sorted(set(message_ids))
    if not 0 < len(wanted) <= 500:
        raise BadInput("name 1 to 500 messages", fix="use `since` for more")
    with transaction():
        endpoint = _living(organization_id, endpoint_id)
        found = list(Message.objects.filter(organization_id=organization_id, public_id__in=wanted))
        if len(found) < len(wanted):
            raise BadInput("some of these messages do not exist", fix="take ids from the list of deliveries")
        return _again(endpoint, found)


def replay_since(organization_id: int, endpoint_id: str, since: datetime, *, delivered_too: bool = False) -> int:
    """Send every message since a moment that the endpoint wants and does not have, or all of them. Returns how many.

    Raises NoSuchEndpoint, EndpointDisabled, BadInput.
    """
    with transaction():
        endpoint = _living(organization_id, endpoint_id)
        rows = Message.objects.filter(organization_id=organization_id, created_at__gte=since).exclude(type=TEST)
        if endpoint.event_types:
            rows = rows.filter(type__in=endpoint.event_types)
        if not delivered_too:
            has = Delivery.objects.filter(endpoint=endpoint, state=Delivery.State.DELIVERED)
            rows = rows.exclude(pk__in=has.values("message_id"))
        found = list(rows.order_by("pk")[: MOST_AT_ONCE + 1])
        if len(found) > MOST_AT_ONCE:
            raise BadInput(f"more than {MOST_AT_ONCE} messages", fix="give a later moment first, then this one")
        return _again(endpoint, found)


def send_test(organization_id: int, endpoint_id: str) -> Delivery:
    """Send a test event to one endpoint now, once. Raises NoSuchEndpoint, EndpointDisabled."""
    with transaction():
        endpoint = _living(organization_id, endpoint_id)
        number = new_id("tst")
        fact = Fact(
            organization_id=organization_id,
            type=TEST,
            key=f"test:{number}",
            subject=number,
            at=clock.now(),
            data={"endpoint": endpoint.public_id, "note": "You asked for this test event."},
        )
        (message,) = write([fact])
        (made,) = send([(message, endpoint)])
        audit.note("webhook_endpoint.tested", "webhook_endpoint", endpoint.public_id)
    return made


@needs_transaction
def _living(organization_id: int, public_id: str) -> Endpoint:
    """A person or program waits for this one, so a pause of the endpoint ends here."""
    endpoint = locked(organization_id, public_id)
    if endpoint.state != Endpoint.State.ACTIVE:
        raise EndpointDisabled("the endpoint is disabled", fix="enable it, then replay")
    if endpoint.paused_until is not None:
        endpoint.paused_until = None
        endpoint.save(update_fields=["paused_until"])
    return endpoint


@needs_transaction
def _again(endpoint: Endpoint, messages: Sequence[Message]) -> int:
    known = dict(
        Delivery.objects.filter(endpoint=endpoint, message__in=[one.pk for one in messages]).values_list(
            "message_id", "pk"
        )
    )
    _begin_anew(known.values(), endpoint)
    send([(one, endpoint) for one in messages if one.pk not in known])
    audit.note("webhook_endpoint.replayed", "webhook_endpoint", endpoint.public_id, after={"messages": len(messages)})
    return len(messages)


@needs_transaction
def _begin_anew(delivery_ids: Iterable[int], endpoint: Endpoint) -> None:
    Delivery.objects.filter(pk__in=list(delivery_ids)).update(
        state=Delivery.State.WAITING, due_at=clock.now(), tries=0, problem="", finished_at=None
    )
    wake([endpoint.pk])
