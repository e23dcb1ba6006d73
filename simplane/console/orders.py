"""One order: its facts, its eSIMs with their next step, its whole story, and what a person may do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.channels.disputes import disputes
from simplane.channels.models import Refund, Shop
from simplane.channels.refund_proposals import left_of
from simplane.channels.refund_rows import OPEN
from simplane.console.shell import page
from simplane.console.story import story_of
from simplane.core.models import DeadLetter
from simplane.core.money import Money
from simplane.ordering import actions, states
from simplane.ordering.models import Order, OrderLine, Unit
from simplane.ui.outcomes import attempt, given

S = Unit.State
_NEXT = {
    S.WAITING: "an offer is chosen",
    S.ROUTED: "the offer is bought",
    S.BUYING: "the supplier is being asked",
    S.PENDING: "the supplier is asked whether it is ready",
    S.UNKNOWN: "looked for in the supplier's own order list",
    S.READY: "the mail is sent",
    S.DEAD: "waits for your decision",
}


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit, what happens to it next, and which buttons make sense now."""

    unit: Unit
    next_step: str

    @property
    def may_retry(self) -> bool:
        return self.unit.state in (S.DEAD, S.FAILED)

    @property
    def may_send(self) -> bool:
        return self.unit.line_id is not None and self.unit.state in (S.READY, S.DELIVERED)

    @property
    def may_cancel(self) -> bool:
        return self.unit.state not in states.GONE and not self.unit.cancel_wanted


@require_safe
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """The page of an order."""
    found = get_object_or_404(Order.objects.select_related("customer"), public_id=public_id)
    units = list(
        found.units.select_related("product", "line", "purchase__supplier", "purchase__offer", "compensation").order_by(
            "order_line_id", "index"
        )
    )
    lines = list(found.lines.select_related("product").order_by("pk"))
    return page(
        request,
        "order",
        "orders",
        {
            "order": found,
            "units": [UnitRow(unit, _next_step(unit, found)) for unit in units],
            "lines": lines,
            "unmapped": any(line.state == OrderLine.State.NEEDS_MAPPING for line in lines),
            "story": story_of(found, units),
            "took": found.delivered_at - found.clock_started_at
            if found.delivered_at and found.clock_started_at
            else None,
            "shop": Shop.objects.filter(key=found.account).only("key", "name", "domain").first(),
            "letters": DeadLetter.objects.filter(order_id=found.pk, resolved_at__isnull=True).order_by("opened_at"),
            "refunds": found.refunds.filter(state=Refund.State.PROPOSED),
            "disputes": disputes(found.pk),
            "refundable": _refundable(found),
            "may_hold": found.state in (Order.State.OPEN, Order.State.AWAITING_PAYMENT) and not found.hold_reason,
            "may_release": found.state == Order.State.HELD or bool(found.hold_reason),
        },
    )


def _refundable(found: Order) -> Money | None:
    """What may be proposed for refund by hand; None while nothing is left, or another refund is open."""
    if found.book != "retail" or found.refunds.filter(state__in=OPEN).exists():
        return None
    left = left_of(found)
    return left if left.minor else None


def _next_step(unit: Unit, found: Order) -> str:
    if unit.cancel_wanted:
        return f"{unit.cancel_wanted} at the shop: waits for the supplier's answer"
    if found.state == Order.State.HELD and unit.state in states.UNSENT:
        return "held: nothing is bought"
    return _NEXT.get(S(unit.state), "")


@require_POST
def unit_action(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Do one thing about one eSIM: retry, cancel, send."""
    unit = get_object_or_404(Unit.objects.select_related("order"), public_id=public_id)
    reason = request.POST.get("reason", "").strip()
    to = request.POST.get("to", "").strip()
    verbs: dict[str, tuple[str, Callable[[], object]]] = {
        "retry": ("It is tried again.", lambda: actions.retry_unit(unit.pk, reason=reason)),
        "cancel": ("It is being cancelled.", lambda: actions.cancel_unit(unit.pk, given(reason))),
        "send": ("The mail is on its way.", lambda: actions.send_again(unit.pk, to=to)),
    }
    done, work = verbs[verb]
    attempt(request, done, work)
    return redirect("console:order", unit.order.public_id)


@require_POST
def order_action(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Hold or release an order."""
    found = get_object_or_404(Order, public_id=public_id)
    reason = request.POST.get("reason", "").strip()
    if verb == "hold":
        attempt(request, "The order is held.", lambda: actions.hold_order(found.pk, given(reason)))
    else:
        attempt(request, "The order goes on.", lambda: actions.release_order(found.pk))
    return redirect("console:order", found.public_id)
