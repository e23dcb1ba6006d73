"""/webhooks: endpoints of the account, what was sent to them, and sending it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ninja import Path, Query, Router, Status

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.paging import page_of
from simplane.api.v1.values import Page, PublicId
from simplane.api.v1.webhook_values import (
    DeliveryFilter,
    DeliveryOut,
    DeliveryWhole,
    EndpointChange,
    EndpointIn,
    EndpointList,
    EndpointNew,
    EndpointOut,
    Replayed,
    ReplayIn,
    RotateIn,
    delivery_shown,
    endpoint_shown,
    story_shown,
)
from simplane.webhooks import actions, queries
from simplane.webhooks.models import Delivery
from simplane.webhooks.values import NewSecret

router = Router(tags=["Webhooks"], auth=Scope("webhooks:write"))


@router.get("/webhooks", response=EndpointList, summary="List webhook endpoints")
def list_endpoints(request: ApiRequest) -> dict[str, Any]:
    """All of them (20 at most), newest first."""
    rows = queries.endpoints(request.auth.organization.pk)
    return {"data": [endpoint_shown(row.endpoint) for row in rows]}


@router.post("/webhooks", response={201: EndpointNew}, summary="Make a webhook endpoint")
def create_endpoint(request: ApiRequest, wanted: EndpointIn) -> Status[dict[str, Any]]:
    """Events are sent to it from now on. `secret` is shown in this answer only: check signatures with it."""
    made = actions.create_endpoint(
        request.auth.organization, wanted.url, event_types=wanted.event_types, description=wanted.description
    )
    return Status(201, _with_secret(made))


@router.get("/webhooks/{id}", response=EndpointOut, summary="Read a webhook endpoint")
def read_endpoint(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """Its address, what it wants, and how it does."""
    return endpoint_shown(queries.endpoint(request.auth.organization.pk, id))


@router.patch("/webhooks/{id}", response=EndpointOut, summary="Change a webhook endpoint")
def change_endpoint(request: ApiRequest, id: Path[PublicId], wanted: EndpointChange) -> dict[str, Any]:
    """Change what you send; leave the rest. `enabled` switches it off and on."""
    owner = request.auth.organization.pk
    changed = actions.update_endpoint(
        owner, id, url=wanted.url, event_types=wanted.event_types, description=wanted.description
    )
    if wanted.enabled is not None:
        switch: Callable[[int, str], Any] = actions.enable_endpoint if wanted.enabled else actions.disable_endpoint
        changed = switch(owner, id)
    return endpoint_shown(changed)


@router.delete("/webhooks/{id}", response={204: None}, summary="Delete a webhook endpoint")
def delete_endpoint(request: ApiRequest, id: Path[PublicId]) -> Status[None]:
    """Nothing is sent to it any more, and its log is gone."""
    actions.delete_endpoint(request.auth.organization.pk, id)
    return Status(204, None)


@router.post("/webhooks/{id}/rotate-secret", response=EndpointNew, summary="Rotate the secret")
def rotate_secret(request: ApiRequest, id: Path[PublicId], wanted: RotateIn) -> dict[str, Any]:
    """A new secret. Until the overlap ends every request carries two signatures, by the new one and the one before."""
    overlap = timedelta(hours=wanted.overlap_hours)
    return _with_secret(actions.rotate_secret(request.auth.organization.pk, id, overlap=overlap))


@router.post("/webhooks/{id}/test", response={202: DeliveryOut}, summary="Send a test event")
def send_test(request: ApiRequest, id: Path[PublicId]) -> Status[dict[str, Any]]:
    """Send `webhook.test` to it now, once. Read the delivery a second later for what came of it."""
    made = actions.send_test(request.auth.organization.pk, id)
    return Status(202, _delivery(request, made))


@router.post("/webhooks/{id}/replay", response={202: Replayed}, summary="Send messages again")
def replay(request: ApiRequest, id: Path[PublicId], wanted: ReplayIn) -> Status[dict[str, Any]]:
    """Either `messages` by id, or everything `since` a moment that it wants and does not have. Ids stay the same."""
    owner = request.auth.organization.pk
    if (wanted.messages is None) == (wanted.since is None):
        raise Refused("bad_request", "send either `messages` or `since`")
    if wanted.messages is not None:
        count = actions.replay_messages(owner, id, wanted.messages)
    else:
        assert wanted.since is not None
        count = actions.replay_since(owner, id, wanted.since, delivered_too=wanted.delivered_too)
    return Status(202, {"messages": count})


@router.get("/webhook-deliveries", response=Page[DeliveryOut], summary="List webhook deliveries")
def list_deliveries(request: ApiRequest, wanted: Query[DeliveryFilter]) -> dict[str, Any]:
    """What was sent in the last 30 days or waits to be, newest first."""
    rows = queries.deliveries(
        request.auth.organization.pk,
        endpoint_id=wanted.endpoint or "",
        state=wanted.state or "",
        kind=wanted.type or "",
    )
    return page_of(rows, wanted, lambda found: [delivery_shown(row) for row in found], by=None)


@router.get("/webhook-deliveries/{id}", response=DeliveryWhole, summary="Read a webhook delivery")
def read_delivery(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """The payload, and each attempt with request, answer and time."""
    return story_shown(queries.story(request.auth.organization.pk, id))


@router.post("/webhook-deliveries/{id}/replay", response={202: DeliveryOut}, summary="Send a delivery again")
def replay_delivery(request: ApiRequest, id: Path[PublicId]) -> Status[dict[str, Any]]:
    """Send it again now, whatever became of it. Its attempts begin anew."""
    return Status(202, _delivery(request, actions.replay_delivery(request.auth.organization.pk, id)))


def _delivery(request: ApiRequest, row: Delivery) -> dict[str, Any]:
    return delivery_shown(queries.story(request.auth.organization.pk, row.public_id).delivery)


def _with_secret(made: NewSecret) -> dict[str, Any]:
    return {**endpoint_shown(made.endpoint), "secret": made.secret}
