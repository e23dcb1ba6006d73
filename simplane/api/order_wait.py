"""`Prefer: wait=N` (RFC 7240): after the commit, stay until the units are delivered or can not be, N seconds at most."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from simplane.api.v1.states import ORDER_WORDS, UNIT_WORDS
from simplane.core.log import logger
from simplane.ordering.models import Order, Unit
from simplane.ordering.placing import Placed
from simplane.ordering.states import ENDED

log = logger(__name__)
LONGEST = 10
PAUSE_SECONDS = 0.15
SETTLED = frozenset({*ENDED, Unit.State.DEAD})
"""Nothing more happens without a person."""
_places = threading.BoundedSemaphore(max(1, settings.SIMPLANE.web_threads // 2))
"""Who waits holds a thread: half of them stay for everybody else. Beyond that nobody waits, as the RFC allows."""
Answer = tuple[str, list[tuple[str, str]], bytes]


def wanted(environ: dict[str, Any]) -> int:
    """Seconds the caller would wait; 0: not at all."""
    found = re.search(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,4})\"?\s*(?:,|;|$)", environ.get("HTTP_PREFER", ""))
    return min(int(found[1]), LONGEST) if found else 0


def waited(placed: Placed, seconds: int, said: Callable[[Placed], Answer]) -> Answer:
    """The answer with the order's `state` and `units`, as they are when all are settled or the time is over."""
    if not _places.acquire(blocking=False):
        return said(placed)
    try:
        told = json.loads(placed.body or "{}")
        states = _settled(told["id"], time.monotonic() + seconds)
        state = ORDER_WORDS[Order.objects.values_list("state", flat=True).get(public_id=told["id"])]
    except DatabaseError as error:
        log.warning("order.not_watched", problem=type(error).__name__)  # it is placed all the same
        return said(placed)
    finally:
        _places.release()
    units = [{"id": public_id, "state": UNIT_WORDS[state]} for public_id, state in states]
    line, headers, body = said(replace(placed, body=json.dumps({**told, "state": state, "units": units})))
    return line, [*headers, ("Preference-Applied", f"wait={seconds}")], body


def _settled(order_id: str, until: float) -> list[tuple[str, str]]:
    pause = threading.Event()
    while True:
        states = _states(order_id)
        if all(state in SETTLED for _, state in states) or time.monotonic() >= until:
            return states
        pause.wait(PAUSE_SECONDS)


def _states(order_id: str) -> list[tuple[str, str]]:
    """In a transaction of its own, which ends with the query."""
    close_old_connections()
    units = Unit.objects.filter(order__public_id=order_id).order_by("pk")
    return list(units.values_list("public_id", "state"))
