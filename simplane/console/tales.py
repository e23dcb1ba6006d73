"""How each kind of row is told on an order's timeline. Rows in, entries out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import reverse

from simplane.channels.models import Refund, WriteBack
from simplane.console.entry import Cast, Entry
from simplane.core import deadletters
from simplane.core.models import AuditEntry, DeadLetter, Event, InboxMessage
from simplane.core.money import Money
from simplane.delivery.models import InstallLink, Message
from simplane.lines.models import LineEvent
from simplane.ordering.models import Compensation
from simplane.routing.models import Receipt
from simplane.suppliers.models import Purchase
from simplane.ui.templatetags.show import span, tone, words

_LATE = {1: "Late", 2: "Late: the customer is told", 3: "Late: a person is paged", 4: "Late: a refund is due"}
MAILS = {
    "esim_ready": "Mail with the eSIM",
    "order_late": "Mail about the delay",
    "order_refunded": "Mail about the refund",
    "esim_replaced": "Mail with the new eSIM",
}


def of_events(rows: Iterable[Event], cast: Cast) -> Iterator[Entry]:
    """News of the order and its units, but for what a row of its own tells better."""
    for row in rows:
        if row.name in _TOLD_ELSEWHERE or (row.name == "UnitMoved" and row.data.get("after") == "delivered"):
            continue
        title, text, icon, mood = _event_words(row)
        yield Entry(
            at=row.at,
            icon=icon,
            tone=mood,
            title=title,
            text=text,
            unit=cast.name(row.unit_id),
            raw=(("event", row.data),) if row.name not in _PLAIN else (),
        )


_TOLD_ELSEWHERE = {"MessageSent", "MessageSentLater", "WrittenBack", "RefundProposed", "RefundDone"}
_PLAIN = {"UnitMoved", "OrderReceived", "OrderLate", "UnitDelivered", "UnitsOwed"}


def _event_words(row: Event) -> tuple[str, str, str, str]:
    data = row.data
    match row.name:
        case "UnitMoved":
            title = f"{data.get('before')} → {data.get('after')}"
            return title, data.get("why", ""), "step", tone(data.get("after"))
        case "OrderReceived":
            return f"Order received by {data.get('source')}", f"state {data.get('state')}", "orders", "wait"
        case "OrderChanged":
            return "Order changed", "; ".join(data.get("what", [])), "orders", "wait"
        case "UnitsOwed":
            return f"{_esims(len(data.get('unit_ids', [])))} owed", "", "esim", "wait"
        case "UnitDelivered":
            return "Delivered", "", "esim", "ok"
        case "UnitDied":
            return "Stuck", deadletters.cause(data.get("cause", "")).title, "stuck", "bad"
        case "OrderLate":
            waited = span(data.get("waited_seconds"))
            return _LATE.get(data.get("step", 0), "Late"), f"after {waited}", "jobs", "warn"
        case _:
            return words(row.name).capitalize(), "", "step", "idle"


def _esims(count: int) -> str:
    return f"{count} eSIM{'' if count == 1 else 's'}"


def of_webhooks(rows: Iterable[InboxMessage]) -> Iterator[Entry]:
    """Webhooks that were about this order."""
    for row in rows:
        repeats = f", sent {row.duplicates + 1} times" if row.duplicates else ""
        yield Entry(
            at=row.received_at,
            icon="inbox",
            tone=tone(row.state),
            title=f"Webhook {row.topic}",
            text=f"{row.channel}/{row.account}: {row.get_state_display().lower()}{repeats}. {row.problem}".strip(),
            link=reverse("console:message", args=[row.pk]),
        )


def of_receipts(rows: Iterable[Receipt], cast: Cast) -> Iterator[Entry]:
    """Routing decisions."""
    for row in rows:
        chosen = f"{row.chosen.supplier.name}: {row.chosen.name}" if row.chosen else "no offer may serve it"
        lost = max(0, len(row.candidates) - (1 if row.chosen_id else 0))
        yield Entry(
            at=row.decided_at,
            icon="route",
            tone="ok" if row.chosen_id else "bad",
            title="Routing decided",
            text=f"{chosen} ({lost} other candidate{'s' if lost != 1 else ''})",
            link=reverse("console:receipt", args=[row.pk]),
            unit=cast.name(row.unit_id),
        )


def of_purchases(rows: Iterable[Purchase], cast: Cast) -> Iterator[Entry]:
    """Attempts to buy: the asking and, when it came later, the answer."""
    for row in rows:
        took = f" after {span(row.answered_at - row.sent_at)}" if row.answered_at and row.sent_at else ""
        problem = " ".join(filter(None, (row.error_code, row.error_text)))
        cost = Money(row.cost_minor, row.currency).shown()
        order_id = f", supplier's order {row.supplier_order_id}" if row.supplier_order_id else ""
        yield Entry(
            at=row.requested_at,
            icon="buy",
            tone=tone(row.state),
            title=f"Purchase at {row.supplier.name}: {row.get_state_display().lower()}{took}",
            text=f"{row.offer.name}, {cost}, reference {row.reference}{order_id}. {problem}".strip(),
            unit=cast.name(row.unit_id),
            raw=tuple((_call_title(call), call) for call in row.trace),
        )


def _call_title(call: dict[str, Any]) -> str:
    took = f" in {span(call['ms'] / 1000)}" if isinstance(call.get("ms"), int | float) else ""
    return f"{call.get('method', '')} {call.get('url', '')} → {call.get('status') or 'no answer'}{took}"


def of_line_events(rows: Iterable[LineEvent], cast: Cast) -> Iterator[Entry]:
    """What the supplier told about the eSIMs."""
    for row in rows:
        yield Entry(
            at=row.at,
            icon="esim",
            tone="ok" if row.applied else "idle",
            title=f"eSIM {words(row.kind)}",
            text=f"{row.line.iccid}, by {row.source}"
            + ("" if row.applied else "; not applied, older than what we knew"),
            link=reverse("console:line", args=[row.line_id]),
            unit=cast.name(row.line.unit_id),
            raw=(("data", row.data),) if row.data else (),
        )


def of_messages(rows: Iterable[Message], cast: Cast) -> Iterator[Entry]:
    """Mail to the buyer."""
    for row in rows:
        again = f" (number {row.version})" if row.version > 1 else ""
        yield Entry(
            at=row.sent_at or row.created_at,
            icon="mail",
            tone=tone(row.state),
            title=f"{MAILS.get(row.kind, words(row.kind))}{again}: {row.get_state_display().lower()}",
            text=f"to {row.to or 'nobody'}, {row.locale}. {row.problem}".strip(),
            unit=cast.name(row.unit_id),
        )


def of_links(rows: Iterable[InstallLink], cast: Cast) -> Iterator[Entry]:
    """When the install page was first opened."""
    for row in rows:
        if row.first_seen_at is None:
            continue
        yield Entry(
            at=row.first_seen_at,
            icon="people",
            tone="ok",
            title="Install page opened for the first time",
            text=f"{row.views} views so far",
            unit=cast.name(row.unit_id),
        )


def of_write_backs(rows: Iterable[WriteBack]) -> Iterator[Entry]:
    """What we told the shop."""
    for row in rows:
        yield Entry(
            at=row.done_at or row.created_at,
            icon="shop",
            tone=tone(row.state),
            title=f"Shop told of the delivery: {row.get_state_display().lower()}",
            text=f"{_esims(sum(row.lines.values()))}, tracking {row.tracking}. {row.problem}".strip(),
            raw=(("fulfilment", {"lines": row.lines, "ids": row.external_ids}),),
        )


def of_refunds(rows: Iterable[Refund]) -> Iterator[Entry]:
    """Money given back at the shop."""
    for row in rows:
        amount = Money(row.amount_minor, row.currency).shown()
        decided = f", decided by {row.decided_by}" if row.decided_by else ""
        yield Entry(
            at=row.done_at or row.created_at,
            icon="money",
            tone=tone(row.state),
            title=f"Refund of {amount}: {row.get_state_display().lower()}",
            text=f"{row.reason}{decided}. {row.problem}".strip(),
        )


def of_compensations(rows: Iterable[Compensation], cast: Cast) -> Iterator[Entry]:
    """What was taken back from suppliers."""
    for row in rows:
        yield Entry(
            at=row.closed_at or row.opened_at,
            icon="money",
            tone=tone(row.state),
            title=f"Giving back after {row.reason}: {row.get_state_display().lower()}",
            text=row.verdict,
            unit=cast.name(row.unit_id),
        )


def of_letters(rows: Iterable[DeadLetter]) -> Iterator[Entry]:
    """Dead letters and how they were closed."""
    for row in rows:
        cause = deadletters.cause(row.cause)
        yield Entry(
            at=row.opened_at,
            icon="stuck",
            tone="idle" if row.resolved_at else "bad",
            title=f"In the stuck queue: {cause.title}",
            text=row.summary,
            link="" if row.resolved_at else reverse("console:stuck_cause", args=[row.cause]),
            raw=(("detail", row.detail),) if row.detail else (),
        )
        if row.resolved_at:
            yield Entry(
                at=row.resolved_at,
                icon="audit",
                tone="ok",
                title=f"Left the stuck queue: {words(row.resolution)}",
                text=f"by {row.resolved_by}",
            )


def of_audit(rows: Iterable[AuditEntry]) -> Iterator[Entry]:
    """What people and jobs changed."""
    for row in rows:
        changed = {name: value for name, value in (("before", row.before), ("after", row.after)) if value}
        yield Entry(
            at=row.at,
            icon="audit",
            tone="idle",
            title=words(row.action).capitalize(),
            text=f"by {row.actor}" + (f": {row.reason}" if row.reason else ""),
            raw=(("change", changed),) if changed else (),
        )
