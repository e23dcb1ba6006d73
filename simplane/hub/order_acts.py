"""What a reseller does about eSIMs it ordered: send them, cancel them, take their codes along."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.core import clock
from simplane.core.errors import BadInput, NotFound, Refusal
from simplane.core.ratelimit import take
from simplane.delivery import limits, qr
from simplane.delivery.mime import usable as usable_address
from simplane.hub import qr_zip, words
from simplane.hub.order_page import own_order
from simplane.hub.shell import HubRequest, page
from simplane.lines.queries import activation_code
from simplane.ordering import states
from simplane.ordering.actions import ask_back, send_again
from simplane.ordering.models import Unit
from simplane.ui.outcomes import attempt

MOST_SENT = 50
"""eSIMs to one address at once: each is a mail."""
MAILS_AT_ONCE = 200
"""Then no faster than they leave (`delivery.limits`): what is asked for here is refused before it waits for days."""


@require_POST
@page("orders:write", members_only=True)
def unit_send(request: HubRequest, public_id: str) -> HttpResponseRedirect:
    """Mail an eSIM to its traveller (`to`)."""
    unit = own_unit(request, public_id)
    attempt(request, "The mail is on its way.", lambda: _send(request, [unit]))
    return redirect("hub:order", unit.order.public_id)


@require_POST
@page("orders:write", members_only=True)
def order_send(request: HubRequest, public_id: str) -> HttpResponseRedirect:
    """Mail all eSIMs of an order that are here to one address."""
    found = own_order(request, public_id)
    units = list(_here(found.units.all())[: MOST_SENT + 1])
    attempt(request, f"{len(units)} mails are on their way.", lambda: _send(request, units))
    return redirect("hub:order", public_id)


@require_POST
@page("orders:write")
def unit_cancel(request: HubRequest, public_id: str) -> HttpResponseRedirect:
    """Cancel one eSIM, as far as that is possible."""
    unit = own_unit(request, public_id)
    attempt(request, "It is being cancelled.", lambda: _ask_back(request, unit))
    return redirect("hub:order", unit.order.public_id)


@require_POST
@page("orders:write")
def order_cancel(request: HubRequest, public_id: str) -> HttpResponseRedirect:
    """Cancel whatever of an order is not used and not cancelled yet."""
    found = own_order(request, public_id)
    rows = found.units.filter(cancel_wanted="", compensation__isnull=True).exclude(state__in=states.GONE)
    free = [unit for unit in rows.select_related("line") if not (unit.line and words.used(unit.line))]
    asked = sum(_quietly(request, unit) for unit in free)
    messages.info(request, f"{asked} eSIM{'s are' if asked != 1 else ' is'} being cancelled.")
    return redirect("hub:order", public_id)


@require_safe
@page("orders:write", members_only=True)
def order_zip(request: HubRequest, public_id: str) -> StreamingHttpResponse:
    """QR codes and a table of all eSIMs that are here, as a ZIP."""
    found = own_order(request, public_id)
    units = list(_here(found.units.select_related("line", "product")))
    if not units:
        raise NotFound("no eSIM of this order is here (yet)")
    answer = StreamingHttpResponse(qr_zip.pieces(found, units, clock.now()), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="esims-{found.public_id}.zip"'
    return answer


@require_safe
@page("orders:write", members_only=True)
def unit_qr(request: HubRequest, public_id: str) -> HttpResponse:
    """The QR code of an eSIM, for the page."""
    unit = own_unit(request, public_id)
    if unit.line is None or not words.usable(unit):
        raise NotFound("there is no code to show")
    return HttpResponse(qr.svg(activation_code(unit.line)), content_type="image/svg+xml")


def own_unit(request: HubRequest, public_id: str) -> Unit:
    """The unit, if it is the account's. Raises NotFound."""
    mine = Unit.objects.select_related("order", "line", "organization").filter(organization=request.hub.organization)
    found = mine.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such eSIM")
    return found


def _here(units: QuerySet[Unit]) -> QuerySet[Unit]:
    ready = units.filter(state__in=(Unit.State.READY, Unit.State.DELIVERED), line__isnull=False, cancel_wanted="")
    return ready.order_by("pk")


def _send(request: HubRequest, units: list[Unit]) -> None:
    """Raises Refusal: no address, too many, too fast."""
    to = request.POST.get("to", "").strip()
    if not usable_address(to):
        raise BadInput("that is no e-mail address", fix="it reads name@example.com")
    if not 1 <= len(units) <= MOST_SENT:
        raise BadInput(f"{len(units) or 'no'} eSIMs to send", fix=f"1 to {MOST_SENT} at once; take the ZIP for more")
    an_hour = limits.an_hour(request.hub.home.pk)
    at_once = max(min(MAILS_AT_ONCE, an_hour), len(units))
    if take(f"hub-mail:{request.hub.home.pk}", per_second=an_hour / 3600, burst=at_once, cost=len(units)) < 0:
        raise BadInput("too many mails in a short time", fix="wait some minutes")
    for unit in units:
        send_again(unit.pk, to=to)


def _ask_back(request: HubRequest, unit: Unit) -> None:
    ask_back(unit.pk, f"cancelled by {request.hub.person}"[:200])


def _quietly(request: HubRequest, unit: Unit) -> int:
    """1 when it is being cancelled; 0 when it moved meanwhile and can not be any more."""
    try:
        _ask_back(request, unit)
    except Refusal:
        return 0
    return 1
