"""GET /esims and what belongs to one: its QR code, its usage."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from django.db.models import Q
from django.http import HttpResponse
from ninja import Path, Query, Router
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.esim_values import USAGE, EsimOut, UsageOut, esims_of, shown, usage_shown
from simplane.api.v1.hints import hints
from simplane.api.v1.paging import Paging, page_of
from simplane.api.v1.states import EsimWord
from simplane.api.v1.values import Page, PublicId, examples
from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.telecom import ActivationCode
from simplane.delivery import qr
from simplane.lines.models import Line
from simplane.lines.queries import activation_code
from simplane.ordering import states
from simplane.ordering.models import Unit
from simplane.organizations.models import Organization
from simplane.usage.actions import refresh_soon

router = Router(tags=["eSIMs"], auth=Scope("orders:read"))
ASK_AGAIN = timedelta(minutes=15)


class EsimFilter(Paging):
    """Which eSIMs."""

    order: Annotated[str | None, Field(max_length=40, pattern="^[a-zA-Z0-9_-]+$", description="An order's id.")] = None
    iccid: Annotated[str | None, Field(pattern="^[0-9]{18,20}$")] = None
    state: EsimWord | None = None


class UsageNow(UsageOut):
    """Usage, and whether a newer figure is on its way."""

    model_config = examples(USAGE | {"refreshing": False})
    refreshing: Annotated[bool, Field(description="The supplier is being asked: look again in some seconds.")]


@router.get("/esims", response=Page[EsimOut], summary="List eSIMs")
def list_esims(request: ApiRequest, wanted: Query[EsimFilter]) -> dict[str, Any]:
    """Every eSIM that was bought for you, newest first."""
    rows = esims_of(request.auth.organization)
    if wanted.order:
        rows = rows.filter(order__public_id=wanted.order)
    if wanted.iccid:
        rows = rows.filter(line__iccid=wanted.iccid)
    if wanted.state:
        rows = rows.filter(Q(("esim_state", wanted.state)))
    return page_of(rows, wanted, shown, by=None)


@router.get("/esims/{id}", response=EsimOut, summary="Read an eSIM")
def read_esim(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """Activation code, install links, states, usage, and what can be done with it."""
    return shown([find_esim(request.auth.organization, id)])[0]


@router.get("/esims/{id}/qr.png", summary="Read the QR code as PNG", openapi_extra=hints("not_now", media="image/png"))
def read_qr_png(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """The activation code as a picture to scan, dark on white with its quiet zone."""
    return HttpResponse(qr.png(_code(request.auth.organization, id)), content_type="image/png")


@router.get(
    "/esims/{id}/qr.svg", summary="Read the QR code as SVG", openapi_extra=hints("not_now", media="image/svg+xml")
)
def read_qr_svg(request: ApiRequest, id: Path[PublicId]) -> HttpResponse:
    """The same, scaling to any size."""
    return HttpResponse(qr.svg(_code(request.auth.organization, id)), content_type="image/svg+xml")


@router.get("/esims/{id}/usage", response=UsageNow, summary="Read usage")
def read_usage(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """Data used and how old that figure is. One older than 15 minutes is asked for anew, once."""
    line = find_esim(request.auth.organization, id).line
    assert line is not None
    return usage_shown(line) | {"refreshing": _refresh(line)}


def find_esim(owner: Organization, public_id: str) -> Unit:
    """The unit of an eSIM of this organization, with what `shown` needs. Raises Refused."""
    found = esims_of(owner).filter(public_id=public_id).first()
    if found is None:
        raise Refused("not_found", "there is no such eSIM: GET /units/{id} tells whether it is bought yet")
    return found


def _code(owner: Organization, public_id: str) -> ActivationCode:
    unit = find_esim(owner, public_id)
    assert unit.line is not None
    if unit.state in states.GONE:
        raise Refused("not_now", "this eSIM was given back: it can not be installed any more")
    return activation_code(unit.line)


def _refresh(line: Line) -> bool:
    now = clock.now()
    newest = max((at for at in (line.checked_at, line.usage_at) if at), default=None)
    if line.ended_at is not None or (newest is not None and newest > now - ASK_AGAIN):
        return False
    with transaction():
        refresh_soon([line.pk])
    return True
