"""What stands in requests and answers about webhooks."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field

from simplane.api.v1.paging import Paging
from simplane.api.v1.values import CLEAN, Moment, PublicId, Wanted, examples
from simplane.webhooks.kinds import KINDS
from simplane.webhooks.models import Attempt, Delivery, Endpoint
from simplane.webhooks.queries import Story

ENDPOINT: dict[str, Any] = {
    "object": "webhook_endpoint",
    "id": "whe_06b3x8tk1m4q7rznw2v5c9",
    "url": "https://hooks.example.com/simplane",
    "description": "our shop",
    "event_types": ["unit.delivered", "unit.failed"],
    "api_version": "2026-11-20",
    "state": "active",
    "disabled_because": None,
    "failing_since": None,
    "last_status": 200,
    "last_at": "2026-11-20T12:00:02.000Z",
    "created_at": "2026-11-20T12:00:00.000Z",
}
DELIVERY: dict[str, Any] = {
    "object": "webhook_delivery",
    "id": "dlv_06b3x8tk1m4q7rznw2v5c9",
    "endpoint": ENDPOINT["id"],
    "message": "msg_06b3x8tk1m4q7rznw2v5c9",
    "type": "unit.delivered",
    "state": "delivered",
    "tries": 1,
    "last_status": 200,
    "problem": "",
    "created_at": "2026-11-20T12:00:02.000Z",
    "finished_at": "2026-11-20T12:00:02.140Z",
    "next_at": None,
}
ATTEMPT: dict[str, Any] = {
    "number": 1,
    "at": "2026-11-20T12:00:02.010Z",
    "ms": 124,
    "url": ENDPOINT["url"],
    "request_headers": {"webhook-id": DELIVERY["message"], "webhook-timestamp": "1795176002"},
    "status": 200,
    "response_headers": {"content-type": "text/plain"},
    "response_body": "ok",
    "problem": "",
    "next_at": None,
}
Url = Annotated[
    str,
    Field(min_length=1, max_length=1000, description="https://, a public host, port 443 or 8443, no password in it."),
]
Types = Annotated[
    list[Annotated[str, Field(max_length=40)]],
    Field(max_length=40, description=f"Which events; empty: all. One or more of {', '.join(KINDS)}."),
]
Description = Annotated[str, Field(max_length=200)]
Replayable = Annotated[list[PublicId], Field(min_length=1, max_length=500, description="Ids of messages.")]
State = Literal["waiting", "delivered", "failed"]


class EndpointIn(Wanted):
    """A new endpoint."""

    model_config = Wanted.model_config | examples(
        {name: ENDPOINT[name] for name in ("url", "description", "event_types")}
    )
    url: Url
    event_types: Types = []
    description: Description = ""


class EndpointChange(Wanted):
    """What to change; what is left out or null stays."""

    model_config = Wanted.model_config | examples({"event_types": [], "enabled": True})
    url: Url | None = None
    event_types: Types | None = None
    description: Description | None = None
    enabled: bool | None = None


class RotateIn(Wanted):
    """How long the secret of before goes on signing too."""

    model_config = Wanted.model_config | examples({"overlap_hours": 24})
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class ReplayIn(Wanted):
    """Which messages."""

    model_config = Wanted.model_config | examples(
        {"since": "2026-11-20T00:00:00Z"}, {"messages": [DELIVERY["message"]]}
    )
    messages: Replayable | None = None
    since: Annotated[AwareDatetime | None, Field(strict=False, description="RFC 3339 with a zone.")] = None
    delivered_too: Annotated[bool, Field(description="With `since`: also what was received already.")] = False


class EndpointOut(Schema):
    """An address of yours that we tell what happens."""

    model_config = examples(ENDPOINT)
    object: str = "webhook_endpoint"
    id: str
    url: str
    description: str
    event_types: Annotated[list[str], Field(description="Empty: all.")]
    api_version: Annotated[str, Field(description="How payloads are written; it stays as it was at the beginning.")]
    state: Literal["active", "disabled"]
    disabled_because: Annotated[
        Literal["owner", "gone", "failing"] | None, Field(description="`gone`: it answered 410.")
    ]
    failing_since: Annotated[Moment | None, Field(description="The first failure since its last success.")]
    last_status: Annotated[int | None, Field(description="Of its latest attempt; null: no answer, or none was made.")]
    last_at: Moment | None
    created_at: Moment


class EndpointNew(EndpointOut):
    """An endpoint with its secret."""

    model_config = examples(ENDPOINT | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    secret: Annotated[str, Field(description="`whsec_…`: shown now and never again.")]


class EndpointList(Schema):
    """All endpoints."""

    model_config = examples({"object": "list", "data": [ENDPOINT]})
    object: str = "list"
    data: list[EndpointOut]


class DeliveryFilter(Paging):
    """Which deliveries."""

    endpoint: Annotated[str | None, Field(max_length=40, pattern="^[a-zA-Z0-9_-]+$")] = None
    state: State | None = None
    type: Annotated[str | None, Field(max_length=40, pattern=CLEAN)] = None


class DeliveryOut(Schema):
    """One message on its way to one endpoint."""

    model_config = examples(DELIVERY)
    object: str = "webhook_delivery"
    id: str
    endpoint: str
    message: Annotated[str, Field(description="The `webhook-id` of every attempt.")]
    type: str
    state: State
    tries: Annotated[int, Field(description="Since it began, or began anew.")]
    last_status: int | None
    problem: Annotated[str, Field(description="Of the latest attempt; empty: none.")]
    created_at: Moment
    finished_at: Moment | None
    next_at: Annotated[Moment | None, Field(description="When it is tried next.")]


class AttemptOut(Schema):
    """One request."""

    number: int
    at: Moment
    ms: Annotated[int, Field(description="How long it took.")]
    url: str
    request_headers: Annotated[dict[str, str], Field(description="Without the signature.")]
    status: Annotated[int | None, Field(description="null: no whole answer.")]
    response_headers: dict[str, str]
    response_body: Annotated[str, Field(description="Its first kilobyte.")]
    problem: str
    next_at: Moment | None


class DeliveryWhole(DeliveryOut):
    """A delivery with its payload and every attempt, the latest first."""

    model_config = examples(
        DELIVERY
        | {
            "payload": {"type": DELIVERY["type"], "timestamp": DELIVERY["created_at"], "data": {"sequence": 1}},
            "attempts": [ATTEMPT],
        }
    )
    payload: dict[str, Any]
    attempts: list[AttemptOut]


class Replayed(Schema):
    """How many messages are sent again."""

    model_config = examples({"object": "webhook_replay", "messages": 12})
    object: str = "webhook_replay"
    messages: int


def endpoint_shown(row: Endpoint) -> dict[str, Any]:
    """As EndpointOut."""
    same = ("url", "description", "event_types", "api_version", "state", "failing_since", "last_status", "last_at")
    return {
        "id": row.public_id,
        "disabled_because": row.reason or None,
        "created_at": row.created_at,
        **{name: getattr(row, name) for name in same},
    }


def delivery_shown(row: Delivery) -> dict[str, Any]:
    """As DeliveryOut. Needs `endpoint` and `message` loaded."""
    same = ("state", "tries", "last_status", "problem", "created_at", "finished_at")
    return {
        "id": row.public_id,
        "endpoint": row.endpoint.public_id,
        "message": row.message.public_id,
        "type": row.message.type,
        "next_at": row.due_at,
        **{name: getattr(row, name) for name in same},
    }


def story_shown(found: Story) -> dict[str, Any]:
    """As DeliveryWhole."""
    attempts = [_attempt(one) for one in found.attempts]
    return {**delivery_shown(found.delivery), "payload": json.loads(found.delivery.message.body), "attempts": attempts}


def _attempt(row: Attempt) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AttemptOut.model_fields}
