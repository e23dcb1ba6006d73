"""As `service`, for jobs: asks without blocking a thread, and says what came of it instead of raising."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from simplane.core import audit, clock
from simplane.core.db import in_thread, transaction
from simplane.lines.actions import apply_read
from simplane.lines.models import Line, ServiceState
from simplane.lines.queries import supplier_ref
from simplane.suppliers import registry
from simplane.suppliers.outcomes import Ok, Permanent, Result, Unsupported
from simplane.suppliers.port import SupplierAdapter
from simplane.suppliers.values import LineRef, LineStatus

Wish = Literal["suspend", "reactivate", "terminate"]
MOST_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Said:
    """done | refused (for good) | unsure (it may have been done: ask again, twice is once)."""

    outcome: Literal["done", "refused", "unsure"]
    words: str = ""


async def serve(line_id: int, wish: Wish, *, reason: str) -> Said:
    """Have the supplier do it and keep what it answers. `already so` counts as done."""
    line = await in_thread(_load, line_id)
    if line.service_state == ServiceState.TERMINATED:
        return Said("done") if wish == "terminate" else Said("refused", "this line has ended")
    known = registry.capabilities(line.supplier)
    if wish == "terminate" and not known.terminate:
        wish = "suspend"  # as near to the end as this supplier goes; the plan runs out by itself
    if wish != "terminate" and not known.suspend:
        return Said("refused", "its supplier can not do this")
    try:
        async with asyncio.timeout(MOST_SECONDS):
            found = await _ask(registry.adapter(line.supplier), supplier_ref(line), wish, reason)
    except TimeoutError:
        return Said("unsure", "its supplier answers too slowly")
    match found:
        case Ok(value):
            await in_thread(_keep, line, value, wish, reason)
            return Said("done")
        case Unsupported():
            return Said("refused", "its supplier can not do this")
        case Permanent():
            # The supplier's own words name it and its systems; our operators find them in its trace.
            return Said("refused", "its supplier refused: the line is not in a state for this")
    return Said("unsure", "its supplier did not confirm it")


async def _ask(adapter: SupplierAdapter, ref: LineRef, wish: Wish, reason: str) -> Result[Any]:
    if wish == "suspend":
        return await adapter.suspend_line(ref, reason)
    if wish == "reactivate":
        return await adapter.reactivate_line(ref, reason)
    return await adapter.terminate_line(ref)


def _load(line_id: int) -> Line:
    return Line.objects.select_related("supplier", "purchase__offer").get(pk=line_id)


def _keep(line: Line, value: Any, wish: Wish, reason: str) -> None:
    ended = LineStatus(at=clock.now(), service=ServiceState.TERMINATED)
    with transaction():
        apply_read(line, value if isinstance(value, LineStatus) else ended)
        audit.note(f"line.{wish}", "line", line.pk, reason=reason)
