"""Write-backs that come together share their rows' statements; whatever is not plain goes one by one (writeback_rows)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from simplane.channels import shops
from simplane.channels.errors import UnknownShop
from simplane.channels.events import WrittenBack
from simplane.channels.models import WriteBack
from simplane.channels.shops import ShopRef
from simplane.channels.writeback_rows import LEASE, Done, Result, Task, owe, settle
from simplane.core import clock, events, rows
from simplane.core.db import transaction
from simplane.core.together import ALONE, Alone, Asked, Together
from simplane.delivery import links
from simplane.ordering.models import Unit

S = WriteBack.State
Attempted = tuple[Task, Result]


def _owe_many(asked: Sequence[Asked[int, Task | None]]) -> list[Task | Alone | None]:
    """Orders of which the shop was told nothing yet and all is delivered."""
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute(UNTOLD, [[one.ask for one in asked]])
            found = [one for row in cursor.fetchall() if (one := _task(row)) is not None]
        tasks = {task.order_id: task for task in _inserted(found)}
    return [tasks.get(one.ask, ALONE) for one in asked]


# One look-up a row, whatever the planner believes of a young table: joined, it once read all links for each order.
UNTOLD = """
SELECT o.id, o.book, o.account, o.external_id, o.public_id,
  (SELECT token FROM delivery_installlink WHERE order_id = o.id AND unit_id IS NULL AND revoked_at IS NULL LIMIT 1),
  (SELECT count(*) FROM channels_writeback WHERE order_id = o.id),
  (SELECT json_agg(json_build_array(external_line, state)) FROM ordering_unit WHERE order_id = o.id)::text
FROM ordering_order AS o WHERE o.id = ANY(%s) ORDER BY o.id
"""


def _task(row: Sequence[Any]) -> Task | None:
    """What is to be written down, without its key; None where it takes a closer look."""
    order_id, book, account, external_id, public_id, token, told, units = row
    states: list[tuple[str, str]] = json.loads(units or "[]")
    shop = _shop(account)
    untold = book == "retail" and token is not None and not told and shop is not None
    if not untold or shop is None or not states or any(state != Unit.State.DELIVERED for _, state in states):
        return None
    return Task(
        pk=0,
        order_id=order_id,
        shop=shop,
        external_order=external_id,
        tracking=f"{public_id}-1",
        url=links.address_of_order(token),
        lines=Counter(line for line, _ in states),
        attempts=0,
        may_be_sent=False,
    )


def _shop(account: str) -> ShopRef | None:
    try:
        shop = shops.by_key(account)
    except UnknownShop:
        return None
    return None if shop.state == "uninstalled" else shop


def _inserted(tasks: Sequence[Task]) -> list[Task]:
    """The tasks whose row this made; another worker has the others."""
    now = clock.now()
    wanted = {
        task.order_id: WriteBack(
            order_id=task.order_id,
            shop_id=task.shop.pk,
            number=1,
            tracking=task.tracking,
            lines=dict(task.lines),
            state=S.CALLING,
            created_at=now,
            due_at=now + LEASE,
            lease_until=now + LEASE,
        )
        for task in tasks
    }
    made = rows.insert_many(list(wanted.values()), key="order_id", conflict="ON CONFLICT DO NOTHING")
    keys = {row.order_id: row.pk for row in made}
    return [replace(task, pk=keys[task.order_id]) for task in tasks if task.order_id in keys]


def _settle(attempted: Attempted) -> None:
    settle(*attempted)


def _settle_many(asked: Sequence[Asked[Attempted, None]]) -> list[Alone | None]:
    """What was told at the first attempt, whole."""
    now = clock.now()
    done = {one.ask[0].pk: (one.rid, *one.ask) for one in asked if _plain(*one.ask)}
    given: list[dict[str, Any]] = []
    news = []
    for pk, (rid, task, result) in done.items():
        assert isinstance(result, Done)
        lines = dict(result.lines)
        given.append(
            {
                "id": pk,
                "state": S.DONE,
                "external_ids": list(result.ids),
                "done_at": now,
                "due_at": None,
                "lease_until": None,
            }
        )
        news.append((rid, WrittenBack(order_id=task.order_id, tracking=task.tracking, lines=lines)))
    with transaction():
        rows.change_many(WriteBack, given)
        events.record_each(news)
    return [None if one.ask[0].pk in done else ALONE for one in asked]


def _plain(task: Task, result: Result) -> bool:
    first = not task.attempts and not task.may_be_sent
    return first and isinstance(result, Done) and dict(result.lines) == dict(task.lines)


owed: Together[int, Task | None] = Together("channels.write_back", _owe_many, owe)
"""What the shop must be told of an order now, written down and held; None when there is nothing to do yet."""
settled: Together[Attempted, None] = Together("channels.write_back", _settle_many, _settle, of=lambda ask: ask[0].pk)
"""Write down what came of an attempt and give its row back."""
