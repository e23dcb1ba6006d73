"""As `serving`, for requests: somebody waits for the answer, and what does not happen is raised."""

from __future__ import annotations

import asyncio
from typing import Any, Never

from simplane.core.errors import NotFound, Refusal
from simplane.lines.models import Line, ServiceState
from simplane.lines.serving import Call, Said, Wish, ask, call, can, keep, load
from simplane.suppliers import registry

MOST_SECONDS = 25.0


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
    _done(line_id, "suspend", reason, "the supplier of this eSIM can not suspend it")


def resume(line_id: int, *, reason: str) -> None:
    """End a pause. Raises as `suspend`."""
    _done(line_id, "reactivate", reason, "the supplier of this eSIM can not suspend or resume it")


def terminate(line_id: int, *, reason: str) -> None:
    """End the service for good, without money back. Raises as `suspend`."""
    _done(line_id, "terminate", reason, "the supplier of this eSIM can not end it")


def top_ups(line_id: int) -> frozenset[str]:
    """The supplier's codes of what may be added to an eSIM now, as its catalogue has them. Raises as `suspend`."""
    line = _living(line_id)
    if not registry.capabilities(line.supplier).top_up or not line.purchase.offer.top_up:
        raise NotSupported("no data can be added to this eSIM", fix="order a new one")
    rows = _asked(line, lambda adapter, ref: adapter.list_top_ups(ref))
    return frozenset(row.code for row in rows)


def _done(line_id: int, wish: Wish, reason: str, impossible: str) -> None:
    line = _living(line_id)
    if not can(line, wish):
        raise NotSupported(impossible, fix="`can` of an eSIM says what it can; it ends with its plan")
    keep(line, _asked(line, call(wish, reason)), wish, reason)


def _living(line_id: int) -> Line:
    try:
        line = load(line_id)
    except Line.DoesNotExist:
        raise NotFound("there is no such eSIM") from None
    if line.service_state == ServiceState.TERMINATED or line.ended_at is not None:
        raise LineOver("this eSIM has ended", fix="order a new one")
    return line


def _asked(line: Line, wanted: Call) -> Any:
    said = asyncio.run(_alone(line, wanted))
    return said.value if said.outcome == "done" else _refuse(said)


async def _alone(line: Line, wanted: Call) -> Said:
    """With an adapter of its own: this event loop ends with the question."""
    adapter = registry.unshared(line.supplier)
    try:
        return await ask(line, wanted, adapter=adapter, seconds=MOST_SECONDS)
    finally:
        await adapter.close()


def _refuse(said: Said) -> Never:
    match said.why:
        case "unsupported":
            raise NotSupported(fix="`can` of an eSIM says what it can")
        case "refused":
            raise SupplierRefused(fix="read the eSIM's state, then write to us")
        case "slow":
            raise SupplierSilent("the supplier answers too slowly", fix="send it again later: twice is once")
    raise SupplierSilent("the supplier did not confirm it", fix="send it again later: doing it twice changes nothing")
