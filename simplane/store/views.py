"""The traveller's pages: what comes in, one query, what goes out."""

from __future__ import annotations

from datetime import datetime

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from simplane.core import clock
from simplane.core.errors import NotFound
from simplane.core.log import logger
from simplane.core.telecom import ActivationCode
from simplane.delivery import links
from simplane.delivery import qr as qr_code
from simplane.delivery.models import InstallLink
from simplane.lines.queries import activation_code
from simplane.ordering.models import Order
from simplane.store import brand
from simplane.store.answers import chosen_language, page, private
from simplane.store.device import device_of
from simplane.store.page import UnitPage, order_rows, state_of, unit_page
from simplane.store.queries import LinkWithdrawn, UnitFacts, live_link, live_tokens, order_facts, unit_facts
from simplane.store.states import WAITING, WITH_CODES, PageState

log = logger(__name__)


@private
def unit(request: HttpRequest, token: str) -> HttpResponse:
    """The install page of one eSIM."""
    link = _unit_link(token)
    state_url = reverse("store:unit-state", args=[token])
    answer = _unit_answer(request, link, unit_facts(link.unit_id or 0), state_url=state_url)
    _count(request, link)
    return answer


@private
def order(request: HttpRequest, token: str) -> HttpResponse:
    """The page of an order: its eSIMs, or the page of the only one."""
    link = live_link(token, of_order=True)
    found, units = order_facts(link.order_id)
    tokens = live_tokens(found.pk)
    _count(request, link)
    state_url = reverse("store:order-state", args=[token])
    if len(units) == 1:
        only = units[0]
        if only.unit.pk in tokens:
            return _to_unit(request, tokens[only.unit.pk])
        if state_of(only, clock.now()) in WITH_CODES:
            raise LinkWithdrawn("the link of the only eSIM was withdrawn")
        return _unit_answer(request, link, only, state_url=state_url)
    spoken = chosen_language(request, link.locale)
    now = clock.now()
    rows = order_rows(units, tokens, spoken=spoken, now=now)
    waiting = any(state_of(one, now) in WAITING for one in units) or not units
    context: dict[str, object] = {
        "rows": rows,
        **_brand(found, token, "o"),
        "waiting": waiting,
        "state_url": state_url,
        "stamp": _stamp(units, now),
        "title": spoken.page.order_title.format(order=found.name),
        "order_name": spoken.page.order_name.format(order=found.name),
        "contact": spoken.page.ask.format(order=found.name),
    }
    return page("store/order.html", context, spoken=spoken)


@private
def unit_state(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """How the eSIM stands, for the page that waits: `{"state": "ready"}`. Not counted as a view."""
    facts = unit_facts(_unit_link(token).unit_id or 0)
    return JsonResponse({"state": _stamp([facts], clock.now())})


@private
def order_state(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """How the eSIMs of an order stand: `{"state": "ready preparing"}`."""
    _, units = order_facts(live_link(token, of_order=True).order_id)
    return JsonResponse({"state": _stamp(units, clock.now())})


@private
def qr_svg(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """The QR code for the page."""
    return HttpResponse(qr_code.svg(_code(token)), content_type="image/svg+xml")


@private
def qr_png(request: HttpRequest, token: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """The QR code to keep as a picture."""
    name = 'attachment; filename="esim-qr-code.png"'
    return HttpResponse(qr_code.png(_code(token)), content_type="image/png", headers={"Content-Disposition": name})


@private
def brand_css(request: HttpRequest, token: str, kind: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """The reseller's colour, for either page."""
    return HttpResponse(brand.style_of(live_link(token, of_order=kind == "o")), content_type="text/css")


@private
def brand_logo(request: HttpRequest, token: str, kind: str) -> HttpResponse:  # noqa: ARG001  a view's shape
    """The reseller's logo, for either page."""
    return HttpResponse(brand.logo_of(live_link(token, of_order=kind == "o")), content_type="image/png")


def _unit_link(token: str) -> InstallLink:
    return live_link(token, of_order=False)


def _code(token: str) -> ActivationCode:
    """The activation code behind a live link, while it may be shown. Raises NotFound."""
    facts = unit_facts(_unit_link(token).unit_id or 0)
    line = facts.unit.line
    if line is None or state_of(facts, clock.now()) not in WITH_CODES:
        raise NotFound("this eSIM has no code to show")
    return activation_code(line)


def _unit_answer(request: HttpRequest, link: InstallLink, facts: UnitFacts, *, state_url: str) -> HttpResponse:
    spoken = chosen_language(request, link.locale)
    device = device_of(request.headers.get("User-Agent", ""))
    shown: UnitPage = unit_page(facts, token=link.token, spoken=spoken, device=device, now=clock.now())
    usable = shown.state in WITH_CODES
    context: dict[str, object] = {
        "page": shown,
        **_brand(facts.unit.order, link.token, "o" if link.unit_id is None else "e"),
        "waiting": shown.waiting,
        "state_url": state_url,
        "stamp": shown.state.value,
        "contact": (spoken.page.help_contact if usable else spoken.page.ask).format(order=shown.order_name),
        "order_name": spoken.page.order_name.format(order=shown.order_name),
        "title": spoken.page.page_title.format(product=shown.plan),
        "usable": usable,
        "fresh": shown.state in (PageState.READY, PageState.REMOVED),
    }
    return page("store/unit.html", context, spoken=spoken)


def _brand(order: Order, token: str, kind: str) -> dict[str, object]:
    return {"brand": brand.brand_of(order), "token": token, "kind": kind}


def _to_unit(request: HttpRequest, token: str) -> HttpResponse:
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse("store:unit", args=[token]) + (f"?{query}" if query else ""))


def _stamp(units: list[UnitFacts], now: datetime) -> str:
    return " ".join(state_of(one, now).value for one in units)


def _count(request: HttpRequest, link: InstallLink) -> None:
    """Evidence that the buyer had the page. A database that can not write now must not keep the page from them."""
    if request.method != "GET":
        return
    try:
        links.note_view(link.pk)
    except DatabaseError:
        log.warning("store.view_not_counted", link_id=link.pk)
