"""Who acts and for which request, carried from request to job to log line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog

_request: ContextVar[str | None] = ContextVar("request", default=None)
"""Beside the log's own: that one looks through all that is bound."""
_actor: ContextVar[str] = ContextVar("actor", default="system")


def actor() -> str:
    """`user:7 ana@example.com`, `job:ordering.advance`, `webhook:shopify/demo` or `system`."""
    return _actor.get()


def request_id() -> str:
    """The id of the request or job chain under way, empty outside one."""
    known = _request.get()
    if known is not None:
        return known
    found: object = structlog.contextvars.get_contextvars().get("request_id", "")
    return str(found)


@contextmanager
def belonging(request_id: str, **named: Any) -> Iterator[None]:
    """Everything inside belongs to this request; log lines say so, and what is `named`."""
    token = _request.set(request_id)
    try:
        with structlog.contextvars.bound_contextvars(request_id=request_id, **named):
            yield
    finally:
        _request.reset(token)


@contextmanager
def acting(who: str) -> Iterator[None]:
    """Everything inside is done by `who` (audit rows, events)."""
    token = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(token)
