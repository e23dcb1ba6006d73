"""The first step of all units of an order placed in one piece."""

from __future__ import annotations

import asyncio

from simplane.core.db import in_thread
from simplane.ordering.actions.fulfil import advance
from simplane.ordering.models import Unit

AT_ONCE = 20


async def start(order_id: int) -> None:
    """Advance every unit that waits. What a crash leaves behind is due by itself."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(unit_id: int) -> None:
        async with places:
            await advance(unit_id)

    await asyncio.gather(*[one(unit_id) for unit_id in await in_thread(_waiting, order_id)])


def _waiting(order_id: int) -> list[int]:
    units = Unit.objects.filter(order_id=order_id, state=Unit.State.WAITING).order_by("pk")
    return list(units.values_list("pk", flat=True))
