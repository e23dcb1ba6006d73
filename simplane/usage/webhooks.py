"""What suppliers tell by webhook: orders that are ready, lines that moved, data used, money running low.

Signed news is applied; unsigned news is a hint: harmless moves are applied, anything that ends a line or spends money
waits for a read call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simplane.core import events, inbox, jobs, rows
from simplane.core.db import transaction
from simplane.core.inbox import Flag, Handled, NotYet
from simplane.core.models import InboxMessage
from simplane.lines.actions import apply_event
from simplane.lines.models import Line, PlanState, ServiceState
from simplane.suppliers import registry
from simplane.suppliers.actions import note_told, note_told_many
from simplane.suppliers.errors import BadWebhook
from simplane.suppliers.models import Purchase, Supplier
from simplane.suppliers.port import SupplierAdapter
from simplane.suppliers.values import SupplierEvent
from simplane.usage.actions import note_reading_of, refresh_soon
from simplane.usage.events import PurchaseAnswered


@inbox.handler("supplier")
def handle(message: InboxMessage) -> Handled:
    """Work on one stored webhook of a supplier."""
    supplier = rows.first(Supplier, "WHERE t.code = %s", [message.account])
    if supplier is None:
        raise Flag(f"no supplier {message.account!r}")
    try:
        news = registry.unshared(supplier).parse_webhook(bytes(message.body))
    except BadWebhook as problem:
        raise Flag(str(problem)) from problem
    done = [_one(supplier, event, trusted=message.trusted) for event in news]
    return Handled(ignored="" if any(done) else "nothing in it concerns us")


@inbox.plain_handler("supplier")
def handle_plain(messages: Sequence[InboxMessage], rids: Mapping[int, str]) -> dict[int, Handled]:
    """News of orders of ours, many at once; all other messages go the ordinary way."""
    supplier = rows.first(Supplier, "WHERE t.code = %s", [messages[0].account])
    if supplier is None:
        return {}
    adapter = registry.unshared(supplier)
    about = {one.pk: found for one in messages if (found := _reference(adapter, one))}
    told = note_told_many(supplier, sorted(set(about.values()))) if about else {}
    done = {pk: told[reference] for pk, reference in about.items() if reference in told}
    events.record_each(
        [
            (rids[pk], PurchaseAnswered(unit_id=one.unit_id, purchase_id=one.purchase_id))
            for pk, one in done.items()
            if not one.asked
        ]
    )
    return {pk: Handled() for pk in done}


def _reference(adapter: SupplierAdapter, message: InboxMessage) -> str:
    """Of the one order a message is about; empty for any other message."""
    try:
        news = adapter.parse_webhook(bytes(message.body))
    except BadWebhook:
        return ""
    return news[0].reference if len(news) == 1 and news[0].kind == "order" else ""


def _one(supplier: Supplier, event: SupplierEvent, *, trusted: bool) -> bool:
    if event.kind == "order":
        return _order(supplier, event)
    if event.kind in ("line", "usage"):
        return _line(supplier, event, trusted=trusted)
    if event.kind == "balance":
        with transaction():
            jobs.enqueue("suppliers.balance", once_key=f"balance:{supplier.pk}", supplier_id=supplier.pk)
        return True
    return False


def _order(supplier: Supplier, event: SupplierEvent) -> bool:
    """An order moved: whoever waits for it asks the supplier (the webhook itself proves nothing)."""
    with transaction():
        told = note_told(supplier, reference=event.reference, order_id=event.order_id)
        if told is not None and not told.asked:
            events.record(PurchaseAnswered(unit_id=told.unit_id, purchase_id=told.purchase_id))
    return told is not None


def _line(supplier: Supplier, event: SupplierEvent, *, trusted: bool) -> bool:
    line = _find(supplier, event)
    if line is None:
        if _may_come(supplier, event):
            raise NotYet("its line is not stored yet")
        return False
    with transaction():
        if not trusted and _ends_it(event):
            refresh_soon([line.pk])
            return True
        apply_event(line, event, source="webhook")
        note_reading_of(line)
        if event.confirm or event.moment in ("installed", "first_use") or _ends_it(event):
            refresh_soon([line.pk])
    return True


def _find(supplier: Supplier, event: SupplierEvent) -> Line | None:
    lines = Line.objects.filter(supplier=supplier)
    if event.line_id:
        return lines.filter(supplier_line_id=event.line_id).first()
    return lines.filter(iccid=event.iccid).order_by("-pk").first() if event.iccid else None


def _may_come(supplier: Supplier, event: SupplierEvent) -> bool:
    """Whether a purchase of ours is under way that may become this line."""
    open_ones = Purchase.objects.filter(supplier=supplier, state__in=["requested", "pending", "unknown"])
    if event.reference:
        return open_ones.filter(reference=event.reference).exists()
    return open_ones.exists()


def _ends_it(event: SupplierEvent) -> bool:
    status = event.status
    return status is not None and (status.service == ServiceState.TERMINATED or status.plan == PlanState.EXPIRED)
