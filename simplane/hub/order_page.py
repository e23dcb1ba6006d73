"""One order: its facts, its eSIMs, and what a reseller may do about them. It looks again while something changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.core.errors import NotFound
from simplane.core.models import AuditEntry
from simplane.core.telecom import ActivationCode
from simplane.delivery import links
from simplane.delivery.models import InstallLink, Message
from simplane.hub import words
from simplane.hub.shell import HubRequest, page, show
from simplane.hub.words import Word
from simplane.lines.queries import activation_code
from simplane.ordering import states, topping_up
from simplane.ordering.models import Compensation, Order, Unit
from simplane.organizations.keys import PORTAL_PREFIX
from simplane.organizations.models import ApiKey
from simplane.ui.paging import Page, page_of

UNITS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One eSIM of the order as a person of this role sees it."""

    unit: Unit
    word: Word
    code: ActivationCode | None
    """None: there is none (any more), or this person may not see it."""
    install_url: str
    may_send: bool
    may_cancel: bool
    may_fill: bool
    """Data can be added, as far as we know without asking its supplier."""
    kept: str
    """Why it could not be taken back, when somebody asked."""
    mail: Message | None
    """The latest mail that brought it, sent or not."""


@require_safe
@page("orders:read")
def order(request: HubRequest, public_id: str) -> HttpResponse:
    """The page of an order."""
    found = own_order(request, public_id)
    context = _units(request, found, request.GET) | {
        "placed_by": _placed_by(found),
        "lines": list(found.lines.order_by("pk")),
        "back_minor": found.units.filter(state__in=states.GONE).aggregate(total=Sum("price_minor"))["total"],
    }
    return show(request, "order", "orders", context)


@require_safe
@page("orders:read")
def order_units(request: HubRequest, public_id: str) -> HttpResponse:
    """The eSIMs alone, for the page that waits; 204 while they stand as `stamp` says."""
    query = request.GET.copy()
    (shown, *_) = query.pop("stamp", [""])
    context = _units(request, own_order(request, public_id), query)
    if shown == context["stamp"]:
        return HttpResponse(status=204)
    return show(request, "order_units", "orders", context | {"moved": True})


def own_order(request: HubRequest, public_id: str) -> Order:
    """The order, if it is the account's. Raises NotFound."""
    mine = Order.objects.select_related("customer").filter(organization=request.hub.organization)
    found = mine.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such order")
    return found


def may_see_codes(request: HubRequest) -> bool:
    """An activation code is the eSIM itself: for those who order, and never for our staff."""
    return request.hub.may("orders:write") and not request.hub.acting


def _units(request: HubRequest, found: Order, query: QueryDict) -> dict[str, Any]:
    rows = found.units.select_related(
        "product", "line__supplier", "line__purchase__offer", "compensation", "tops_up__line", "tops_up__order"
    )
    shown: Page[Unit] = page_of(rows, query, ascending=True, size=UNITS)
    tokens, mails = _tokens(shown.rows), _mails(shown.rows)
    counts = found.units.aggregate(
        all=Count("pk"),
        delivered=Count("pk", filter=Q(state=Unit.State.DELIVERED)),
        usable=Count("pk", filter=Q(state__in=(Unit.State.READY, Unit.State.DELIVERED), line__isnull=False)),
        open=Count("pk", filter=~Q(state__in=states.ENDED)),
    )
    return {
        "order": found,
        "word": words.order_word(found),
        "counts": counts,
        "page": shown,
        "units": [_row(request, unit, tokens, mails) for unit in shown.rows],
        "changing": counts["open"] or any(_changing(unit, mails) for unit in shown.rows),
        "query": query.urlencode(),
        "stamp": _stamp(found, shown.rows, counts, mails),
        "codes": may_see_codes(request),
    }


def _row(request: HubRequest, unit: Unit, tokens: dict[int, str], mails: dict[int, Message]) -> UnitRow:
    asked, usable = _asked(unit), words.usable(unit)
    writes = request.hub.may("orders:write")
    token = tokens.get(unit.pk, "")
    kept = asked.verdict if asked and asked.state == Compensation.State.LOSS else ""
    free = unit.state not in states.GONE and not unit.cancel_wanted and asked is None
    added = unit.tops_up_id is not None and unit.state == Unit.State.DELIVERED
    return UnitRow(
        unit=unit,
        word=words.unit_word(unit, asked),
        code=activation_code(unit.line) if usable and unit.line and may_see_codes(request) else None,
        install_url=links.address_of_unit(token) if token and may_see_codes(request) else "",
        may_send=usable and may_see_codes(request),
        may_cancel=writes and free and not added and not (unit.line and words.used(unit.line)),
        may_fill=usable and may_see_codes(request) and topping_up.may_take(unit),
        kept=kept,
        mail=mails.get(unit.pk),
    )


def _changing(unit: Unit, mails: dict[int, Message]) -> bool:
    mail = mails.get(unit.pk)
    return words.changing(unit, _asked(unit)) or (mail is not None and mail.state == Message.State.QUEUED)


def _asked(unit: Unit) -> Compensation | None:
    return getattr(unit, "compensation", None)


def _tokens(units: list[Unit]) -> dict[int, str]:
    live = InstallLink.objects.filter(unit_id__in=[unit.pk for unit in units], revoked_at__isnull=True)
    return {unit_id: token for unit_id, token in live.values_list("unit_id", "token") if unit_id is not None}


def _mails(units: list[Unit]) -> dict[int, Message]:
    """The newest version of each unit's mail."""
    rows = Message.objects.filter(order_id__in={unit.order_id for unit in units}, kind="esim_ready")
    wanted = rows.filter(unit_id__in=[unit.pk for unit in units])
    return {row.unit_id: row for row in wanted.order_by("version") if row.unit_id is not None}


def _stamp(found: Order, units: list[Unit], counts: dict[str, int], mails: dict[int, Message]) -> str:
    asked = [(unit.state, unit.cancel_wanted, unit.line_id, getattr(_asked(unit), "state", "")) for unit in units]
    sent = sorted((mail.pk, mail.state) for mail in mails.values())
    told = repr((found.state, found.clock_step, sorted(counts.items()), asked, sent))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _placed_by(found: Order) -> str:
    """The person, or the API key that placed it."""
    written = AuditEntry.objects.filter(entity="order", entity_id=found.public_id, action="order.placed")
    actor = written.values_list("actor", flat=True).first() or ""
    key = ApiKey.objects.filter(public_id=actor.removeprefix("api_key:")).first()
    if key is None:
        return ""
    return key.name if key.prefix == PORTAL_PREFIX else f"API key {key.name} ({key.prefix}…)"
