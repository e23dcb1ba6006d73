"""What crosses the borders of this package."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simplane.webhooks.models import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to one organization, ready to be told. `key`: under which it is told once."""

    organization_id: int
    type: str
    key: str
    subject: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    """Ids and states: no activation code, no personal data."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint and its signing secret (`whsec_…`), which is shown now and not again."""

    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request to be made: the bytes of a message, for one endpoint."""

    delivery_id: int
    message_id: str
    body: bytes
    number: int
    """Of the attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A request that was made, and what came of it. `problem` empty: delivered."""

    parcel: Parcel
    at: datetime
    ms: int
    url: str
    request_headers: dict[str, str]
    status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
    problem: str = ""
    retry_after: float | None = None
    """Seconds the endpoint asked to be left alone."""
