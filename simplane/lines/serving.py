"""What the owner of an eSIM may have its supplier do: pause it, go on, end it, give it a new profile.

Each asks the supplier first, without blocking a thread, and writes down what it answered. All may be repeated: `already so`
counts as done. It says what came of it instead of raising; `service` raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from simplane.core import audit, clock
from simplane.core.db import in_thread, transaction
from simplane.core.log import logger
from simplane.lines.actions import apply_read, note_swapped
from simplane.lines.models import Line, ServiceState
from simplane.lines.queries import supplier_ref
from simplane.suppliers import registry
from simplane.suppliers.outcomes import Ok, Permanent, Result, Unsupported
from simplane.suppliers.port import SupplierAdapter
from simplane.suppliers.values import IssuedLine, LineRef, LineStatus

log = logger(__name__)
Wish = Literal["suspend", "reactivate", "terminate"]
Why = Literal["", "over", "unsupported", "refused", "slow", "silent"]
Call = Callable[[SupplierAdapter, LineRef], Awaitable[Result[Any]]]
MOST_SECONDS = 40.0
DONE = MappingProxyType({"suspend": "line.suspended", "reactivate": "line.resumed", "terminate": "line.terminated"})
"""As the audit trail has them."""


@dataclass(frozen=True, slots=True)
class Said:
    """done | refused (for good) | unsure (it may have been done: ask again, twice is once). `value`: of what was done."""

    outcome: Literal["done", "refused", "unsure"]
    words: str = ""
    why: Why = ""
    value: Any = None


OVER = Said("refused", "this line has ended", "over")
UNSUPPORTED = Said("refused", "its supplier can not do this", "unsupported")


async def serve(line_id: int, wish: Wish, *, reason: str) -> Said:
    """Have the supplier do it and keep what it answers. A line that it can not end is paused: its plan runs out by itself."""
    line = await in_thread(load, line_id)
    if line.service_state == ServiceState.TERMINATED:
        return Said("done") if wish == "terminate" else OVER
    if wish == "terminate" and not can(line, wish):
        wish = "suspend"
    if not can(line, wish):
        return UNSUPPORTED
    said = await ask(line, call(wish, reason))
    if said.outcome == "done":
        await in_thread(keep, line, said.value, wish, reason)
    return said


async def swap(line_id: int, reference: str, *, reason: str) -> Said:
    """A new profile for the same line. `reference` tells a repeat apart, and so does the profile that the line has by now."""
    line = await in_thread(load, line_id)
    if line.service_state == ServiceState.TERMINATED:
        return OVER
    if not registry.capabilities(line.supplier).swap_profile:
        return UNSUPPORTED
    now = await ask(line, lambda adapter, ref: adapter.get_install_details(ref))
    if now.outcome != "done" or not _is_new(line, now.value):
        now = await ask(line, lambda adapter, ref: adapter.swap_profile(ref, reference))
    if now.outcome == "done":
        await in_thread(_keep_swap, line, now.value, reason)
    return now


def _is_new(line: Line, found: IssuedLine) -> bool:
    return bool(found.iccid) and found.iccid != line.iccid


def can(line: Line, wish: Wish) -> bool:
    """Whether its supplier can do that with a line."""
    known = registry.capabilities(line.supplier)
    return known.terminate if wish == "terminate" else known.suspend


def call(wish: Wish, reason: str) -> Call:
    """The call for a wish."""
    if wish == "suspend":
        return lambda adapter, ref: adapter.suspend_line(ref, reason)
    if wish == "reactivate":
        return lambda adapter, ref: adapter.reactivate_line(ref, reason)
    return lambda adapter, ref: adapter.terminate_line(ref)


async def ask(
    line: Line, wanted: Call, *, adapter: SupplierAdapter | None = None, seconds: float = MOST_SECONDS
) -> Said:
    """Ask a line's supplier. What is cut off after so many seconds may have been done."""
    try:
        async with asyncio.timeout(seconds):
            found = await wanted(adapter or registry.adapter(line.supplier), supplier_ref(line))
    except TimeoutError:
        return Said("unsure", "its supplier answers too slowly", "slow")
    match found:
        case Ok(value):
            return Said("done", value=value)
        case Unsupported():
            return UNSUPPORTED
        case Permanent(reason):
            # The supplier's own words name it and its systems, which is no business of whoever asks.
            log.warning("line.refused", line_id=line.pk, reason=reason)
            return Said("refused", "its supplier refused: the line is not in a state for this", "refused")
    return Said("unsure", "its supplier did not confirm it", "silent")


def load(line_id: int) -> Line:
    """A line with all that asking needs. Raises Line.DoesNotExist."""
    return Line.objects.select_related("supplier", "purchase__offer").get(pk=line_id)


def keep(line: Line, value: Any, wish: Wish, reason: str) -> None:
    """What the supplier confirmed, on the line and in the audit trail."""
    ended = LineStatus(at=clock.now(), service=ServiceState.TERMINATED)
    with transaction():
        apply_read(line, value if isinstance(value, LineStatus) else ended)
        audit.note(DONE[wish], "line", line.pk, reason=reason)


def _keep_swap(line: Line, issued: IssuedLine, reason: str) -> None:
    with transaction():
        note_swapped(line, issued, reason)
