"""POST /esims/{id}/suspend, resume, cancel, refund and /units/{id}/cancel: each may be sent again, twice is once."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from ninja import Path, Router

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.esim_values import EsimOut, shown
from simplane.api.v1.esims import find_esim
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import once
from simplane.api.v1.orders import UnitOut, find_unit, unit_shown
from simplane.api.v1.values import PublicId
from simplane.lines import service
from simplane.lines.queries import is_over
from simplane.ordering import states
from simplane.ordering.actions import ask_back
from simplane.ordering.models import Unit
from simplane.suppliers import registry

router = Router(tags=["eSIMs"])
CHANGE = Scope("esims:write")
ASKING = hints("not_supported", "supplier_refused", "supplier_silent", key="optional")
BACK = hints("not_supported", "not_refundable", key="optional")
OPTIONAL = hints(key="optional")
WHY = "asked for by API"


@router.post("/esims/{id}/suspend", response=EsimOut, auth=CHANGE, summary="Suspend an eSIM", openapi_extra=ASKING)
def suspend_esim(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """Pause the service; its plan goes on. Where the supplier can not: `not_supported`."""
    return _changed(request, id, lambda unit: service.suspend(_line_of(unit), reason=WHY))


@router.post("/esims/{id}/resume", response=EsimOut, auth=CHANGE, summary="Resume an eSIM", openapi_extra=ASKING)
def resume_esim(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """End a pause."""
    return _changed(request, id, lambda unit: service.resume(_line_of(unit), reason=WHY))


@router.post("/esims/{id}/cancel", response=EsimOut, auth=CHANGE, summary="End an eSIM", openapi_extra=ASKING)
def end_esim(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """End the service for good, used or not. No money comes back: for that ask for a refund before it is installed."""
    return _changed(request, id, lambda unit: service.terminate(_line_of(unit), reason=WHY))


@router.post(
    "/esims/{id}/refund", response={202: EsimOut}, auth=CHANGE, summary="Give an eSIM back", openapi_extra=BACK
)
def refund_esim(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """Give back an eSIM that nobody installed or ended. The supplier is asked; `refund` of the eSIM tells what came of it.

    When it is taken back the eSIM ends and its price is in your wallet again; otherwise it stays sold.
    """
    return _changed(request, id, _refund, status=202)


@router.post(
    "/units/{id}/cancel",
    response=UnitOut,
    auth=CHANGE,
    tags=["Orders"],
    summary="Cancel a unit",
    openapi_extra=OPTIONAL,
)
def cancel_unit(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """Do not buy a unit that is not bought yet; its price is in your wallet again at once.

    While a supplier is being asked its answer is waited for; what it sold meanwhile is given back.
    """
    owner = request.auth.organization

    def work() -> UnitOut:
        unit = find_unit(owner, id)
        if unit.line_id is not None and unit.state not in states.GONE:
            raise Refused("not_now", "its eSIM is bought: ask for a refund with POST /esims/{id}/refund")
        if unit.state not in states.GONE and not unit.cancel_wanted:
            ask_back(unit.pk, WHY)
        return UnitOut.model_validate(unit_shown(find_unit(owner, id)))

    return once(request, work)


def _changed(request: ApiRequest, id: str, change: Callable[[Unit], None], *, status: int = 200) -> HttpResponse:
    owner = request.auth.organization

    def work() -> EsimOut:
        unit = find_esim(owner, id)
        if unit.state in states.GONE and change is not _refund:
            raise Refused("not_now", "this eSIM was given back")
        change(unit)
        return EsimOut.model_validate(shown([find_esim(owner, id)])[0])

    return once(request, work, status=status)


def _line_of(unit: Unit) -> int:
    assert unit.line_id is not None
    return unit.line_id


def _refund(unit: Unit) -> None:
    line = unit.line
    assert line is not None
    if unit.state in states.GONE or unit.cancel_wanted or hasattr(unit, "compensation"):
        return  # asked for before: the answer shows what came of it
    if registry.capabilities(line.supplier).refund == "no":
        raise Refused("not_supported", "the supplier of this eSIM takes nothing back")
    if line.installed_at is not None or line.data_used or is_over(line):
        raise Refused("not_refundable")
    ask_back(unit.pk, WHY)
