"""Serving an endpoint: a few of its due deliveries at once, until nothing is due or others should have their turn.

One worker has an endpoint at a time (a lease on its row), so the bound of requests under way at one address is exact and
a slow one holds up nobody else. No transaction is open while a request is under way.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from simplane.core import clock, jobs, outside
from simplane.core.db import in_thread, transaction
from simplane.core.http import NoAnswer, NotSent
from simplane.core.log import logger
from simplane.core.reach import AddressRefused
from simplane.webhooks import signing
from simplane.webhooks.leases import AtWork, give_back, settle, take
from simplane.webhooks.schedule import read_retry_after
from simplane.webhooks.values import Parcel, Tried

log = logger(__name__)
TURN_SECONDS = 20.0
"""No request is begun later into a turn; then the endpoint queues again behind the others."""
KEPT_HEADERS = ("content-type", "content-length", "date", "location", "retry-after", "server", "x-request-id")
KEPT_BYTES = 1024
USER_AGENT = "Simplane-Webhooks/1"


async def serve(endpoint_id: int) -> None:
    """Make the requests that are due at one endpoint. Safe to repeat at any time."""
    began = time.monotonic()
    while (held := await in_thread(take, endpoint_id)) is not None:
        if time.monotonic() - began > TURN_SECONDS:
            await in_thread(_next_turn, held)
            return
        tried = await asyncio.gather(*(_whatever_comes(held, parcel) for parcel in held.parcels))
        await in_thread(settle, held, tried)


def _next_turn(held: AtWork) -> None:
    give_back(held.endpoint)
    with transaction():
        jobs.enqueue("webhooks.serve", endpoint_id=held.endpoint.pk)


async def _whatever_comes(held: AtWork, parcel: Parcel) -> Tried:
    """A fault of ours with one answer is a failed try of that message, and nothing to the others under way."""
    at = clock.now()
    try:
        return await _try(held, parcel)
    except Exception as fault:
        log.exception("webhooks.try_failed", endpoint_id=held.endpoint.pk, message=parcel.message_id)
        problem = f"we could not read the answer ({type(fault).__name__})"
        return Tried(parcel=parcel, at=at, ms=0, url=held.endpoint.url, request_headers={}, problem=problem)


async def _try(held: AtWork, parcel: Parcel) -> Tried:
    """One request, whatever becomes of it. The stamp is the receiver's clock, which is never ours moved in a test."""
    at = clock.now()
    stamp = int(clock.real_time_of(at).timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signing.headers(held.secrets, parcel.message_id, stamp, parcel.body),
    }
    url, began = held.endpoint.url, time.perf_counter()
    try:
        answer = await outside.call("POST", url, headers=headers, body=parcel.body)
    except (AddressRefused, NotSent, NoAnswer) as problem:
        ms = round((time.perf_counter() - began) * 1000)
        said = problem.message if isinstance(problem, AddressRefused) else str(problem)
        return Tried(parcel=parcel, at=at, ms=ms, url=url, request_headers=_shown(headers), problem=_line(said))
    return _answered(parcel, at, url, headers, answer)


def _answered(parcel: Parcel, at: datetime, url: str, headers: dict[str, str], answer: outside.Answer) -> Tried:
    good = 200 <= answer.status < 300
    return Tried(
        parcel=parcel,
        at=at,
        ms=answer.ms,
        url=url,
        request_headers=_shown(headers),
        status=answer.status,
        response_headers={name: _line(answer.headers[name]) for name in KEPT_HEADERS if name in answer.headers},
        response_body=answer.body[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd"),
        problem="" if good else f"answered {answer.status}",
        retry_after=None if good else read_retry_after(answer.headers.get("retry-after", "")),
    )


def _shown(headers: dict[str, str]) -> dict[str, str]:
    """As the log shows them: how many signatures there were, not which."""
    count = headers["webhook-signature"].count(" ") + 1
    return {**headers, "webhook-signature": " ".join(["v1,…"] * count)}


def _line(text: str) -> str:
    return text.replace("\x00", "")[:300]
