"""Who acts and for which request, carried from request to job to log line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

_actor: ContextVar[str] = ContextVar("actor", default="system")


def actor() -> str:
    """`user:7 ana@example.com`, `job:ordering.advance`, `webhook:shopify/demo` or `system`."""
    return _actor.get()


def request_id() -> str:
    """The id of the request or job chain under way, empty outside one."""
    found: object = structlog.contextvars.get_contextvars().get("request_id", "")
    return str(found)


@contextmanager
def acting(who: str) -> Iterator[None]:
    """Everything inside is done by `who` (audit rows, events)."""
    token = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(token)
