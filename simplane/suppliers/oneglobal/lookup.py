"""Finding our orders in their books.

An order names neither our reference nor its offering. But every line of ours has a subscriber of its own, made just
before the order, whose name holds both; so the way is subscriber -> subscription -> order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec

from simplane.core.clock import parse_time
from simplane.core.telecom import clean_iccid
from simplane.suppliers.oneglobal import orders, wire
from simplane.suppliers.oneglobal.client import Client
from simplane.suppliers.outcomes import NotReady, Ok, Result, Retryable
from simplane.suppliers.values import FoundOrder

AT_ONCE = 8
Dated = TypeVar("Dated", wire.Subscriber, wire.Order)


@dataclass(frozen=True, slots=True)
class Window:
    """Orders of `offer_code` in this time. `late`: an order follows its subscriber by no more than this."""

    offer_code: str
    since: datetime
    until: datetime
    late: timedelta


async def find(client: Client, account_id: str, window: Window) -> Result[Sequence[FoundOrder]]:
    """Every order of ours in the window. Retryable while an order is being made that may be one of them."""
    asked = await _newest(client, "subscribers", wire.subscriber, window.since, account=account_id)
    if not isinstance(asked, Ok):
        return asked
    mine = [one for one in asked.value if one.last_name == window.offer_code and _made(one) <= window.until]
    if not mine:
        return Ok(())
    lines = await _lines(client, mine)
    if not isinstance(lines, Ok):
        return lines
    listed = await _newest(client, "orders", wire.order, window.since)
    if not isinstance(listed, Ok):
        return listed
    return _matched(mine, lines.value, [one for one in listed.value if one.type == orders.ACTIVATION], window)


def _matched(
    mine: Sequence[wire.Subscriber],
    lines: Sequence[Sequence[wire.Subscription]],
    activations: Sequence[wire.Order],
    window: Window,
) -> Result[Sequence[FoundOrder]]:
    by_line = {one.embedded.subscription.id: one for one in activations if one.embedded.subscription}
    working = [_made(one) for one in activations if isinstance(orders.present(one), NotReady)]
    found: list[FoundOrder] = []
    for subscriber, own in zip(mine, lines, strict=True):
        if not own and any(_made(subscriber) <= at <= _made(subscriber) + window.late for at in working):
            return Retryable("an order of this time is still being made", "still_made", orders.WORKING_SECONDS)
        for line in own:
            order = by_line.get(line.id)
            if order is None:
                return Retryable("a line whose order is not listed yet", "still_made", orders.WORKING_SECONDS)
            found.append(_found(order, subscriber, line))
    return Ok(tuple(found))


def _found(order: wire.Order, subscriber: wire.Subscriber, line: wire.Subscription) -> FoundOrder:
    profile = line.embedded.sim_profile
    return FoundOrder(
        order_id=order.id,
        offer_code=subscriber.last_name,
        quantity=1,
        total=None,
        created_at=_made(order),
        reference=subscriber.first_name,
        iccids=(clean_iccid(profile.iccid),) if profile else (),
        done=profile is not None and bool(profile.matching_id),
    )


async def _lines(client: Client, mine: Sequence[wire.Subscriber]) -> Result[Sequence[Sequence[wire.Subscription]]]:
    found: list[Sequence[wire.Subscription]] = []
    for start in range(0, len(mine), AT_ONCE):
        answers = await asyncio.gather(
            *(
                client.everything(
                    "subscriptions", "/subscriptions", "subscriptions", wire.subscription, subscriber=one.id
                )
                for one in mine[start : start + AT_ONCE]
            )
        )
        for answer in answers:
            if not isinstance(answer, Ok):
                return answer
            found.append(answer.value)
    return Ok(found)


async def _newest(
    client: Client, name: str, decoder: msgspec.json.Decoder[Dated], since: datetime, **query: str
) -> Result[list[Dated]]:
    """Entries made at `since` or later. Their order is not published: a list that is not newest first is read whole."""
    found: list[Dated] = []
    last: datetime | None = None
    falling = True
    async for page in client.pages(name, f"/{name}", name, **query):
        if not isinstance(page, Ok):
            return page
        try:
            entries = [decoder.decode(entry) for entry in page.value]
            times: list[datetime] = [_made(entry) for entry in entries]
        except ValueError as problem:
            return Retryable(f"an entry of {name} that can not be read: {problem}"[:300], "unreadable")
        falling = falling and all(a >= b for a, b in pairwise([*([last] if last else []), *times]))
        found += [entry for entry, at in zip(entries, times, strict=True) if at >= since]
        last = times[-1] if times else last
        if falling and last is not None and last < since:
            break
    return Ok(found)


def _made(one: wire.Subscriber | wire.Order) -> datetime:
    return parse_time(one.created_at)
