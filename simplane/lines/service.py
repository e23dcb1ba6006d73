"""What the owner of an eSIM may have its supplier do: pause it, go on, end it, or say how it is.

Each asks the supplier first and writes down what it answered. All may be repeated: `already so` counts as done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.log import logger
from simplane.lines.actions import apply_read
from simplane.lines.models import Line, ServiceState
from simplane.lines.queries import supplier_ref
from simplane.suppliers import registry
from simplane.suppliers.outcomes import Ok, Permanent, Result, Unsupported
from simplane.suppliers.port import SupplierAdapter
from simplane.suppliers.values import LineRef, LineStatus

log = logger(__name__)
T = TypeVar("T")
Ask = Callable[[SupplierAdapter, LineRef], Awaitable[Result[T]]]
MOST_SECONDS = 25.0
"""Somebody waits for the answer. What is cut off may have been done, and is safe to be asked for again."""


class NotSupported(Refusal):
    """The supplier of this eSIM can not do this."""

    code = "not_supported"
    status = 409


class LineOver(Refusal):
    """This eSIM has ended."""

    code = "not_now"
    status = 409


class SupplierRefused(Refusal):
    """The supplier of this eSIM refused."""

    code = "supplier_refused"
    status = 409


class SupplierSilent(Refusal):
    """The supplier of this eSIM did not answer."""

    code = "supplier_silent"
    status = 503


def suspend(line_id: int, *, reason: str) -> None:
    """Pause the service. Raises NotFound, NotSupported, LineOver, SupplierRefused, SupplierSilent."""
    line = _living(line_id)
    if not registry.capabilities(line.supplier).suspend:
        raise NotSupported("the supplier of this eSIM can not suspend it", fix="`can` of an eSIM says what it can")
    status = _asked(line, lambda adapter, ref: adapter.suspend_line(ref, reason))
    _keep(line, status, "line.suspended", reason)


def resume(line_id: int, *, reason: str) -> None:
    """End a pause. Raises as `suspend`."""
    line = _living(line_id)
    if not registry.capabilities(line.supplier).suspend:
        raise NotSupported("the supplier of this eSIM can not suspend or resume it")
    status = _asked(line, lambda adapter, ref: adapter.reactivate_line(ref, reason))
    _keep(line, status, "line.resumed", reason)


def terminate(line_id: int, *, reason: str) -> None:
    """End the service for good, without money back. Raises as `suspend`."""
    line = _living(line_id)
    if not registry.capabilities(line.supplier).terminate:
        raise NotSupported("the supplier of this eSIM can not end it", fix="it ends with its plan")
    _asked(line, lambda adapter, ref: adapter.terminate_line(ref))
    ended = LineStatus(at=clock.now(), service=ServiceState.TERMINATED)
    _keep(line, ended, "line.terminated", reason)


def top_ups(line_id: int) -> frozenset[str]:
    """The supplier's codes of what may be added to an eSIM now, as its catalogue has them. Raises as `suspend`."""
    line = _living(line_id)
    if not registry.capabilities(line.supplier).top_up or not line.purchase.offer.top_up:
        raise NotSupported("no data can be added to this eSIM", fix="order a new one")
    rows = _asked(line, lambda adapter, ref: adapter.list_top_ups(ref))
    return frozenset(row.code for row in rows)


def _loaded(line_id: int) -> Line:
    found = Line.objects.select_related("supplier", "purchase__offer").filter(pk=line_id).first()
    if found is None:
        raise NotFound("there is no such eSIM")
    return found


def _living(line_id: int) -> Line:
    line = _loaded(line_id)
    if line.service_state == ServiceState.TERMINATED or line.ended_at is not None:
        raise LineOver("this eSIM has ended", fix="order a new one")
    return line


def _asked(line: Line, ask: Ask[T]) -> T:
    try:
        found = asyncio.run(_ask(line, ask))
    except TimeoutError:
        raise SupplierSilent("the supplier answers too slowly", fix="send it again later: twice is once") from None
    match found:
        case Ok(value):
            return value
        case Unsupported():
            raise NotSupported(fix="`can` of an eSIM says what it can")
        case Permanent(reason):
            # Its own words name it and its systems, which is no business of whoever asks.
            log.warning("line.refused", line_id=line.pk, reason=reason)
            raise SupplierRefused(fix="read the eSIM's state, then write to us")
    raise SupplierSilent("the supplier did not confirm it", fix="send it again later: doing it twice changes nothing")


async def _ask(line: Line, ask: Ask[T]) -> Result[T]:
    adapter = registry.unshared(line.supplier)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return await ask(adapter, supplier_ref(line))
    finally:
        await adapter.close()


def _keep(line: Line, status: LineStatus, action: str, reason: str) -> None:
    with transaction():
        apply_read(line, status)
        audit.note(action, "line", line.pk, reason=reason)
