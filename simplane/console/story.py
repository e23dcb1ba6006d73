"""The whole story of an order on one timeline: every table that knows something of it, in one order, by time.

A fixed number of queries however long the story is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Model, Q

from simplane.channels.models import Refund, WriteBack
from simplane.console import tales
from simplane.console.entry import Cast, Entry
from simplane.core.models import AuditEntry, DeadLetter, Event, InboxMessage
from simplane.delivery.models import InstallLink, Message
from simplane.lines.models import LineEvent
from simplane.ordering.models import Compensation, Order, Unit
from simplane.routing.models import Receipt
from simplane.suppliers.models import Purchase

MOST_EVENTS = 1000


def story_of(order: Order, units: Iterable[Unit]) -> list[Entry]:
    """Everything known of the order, oldest first."""
    cast = Cast.of(units)
    messages = list(Message.objects.filter(order_id=order.pk))
    refunds = list(Refund.objects.filter(order=order))
    links = list(InstallLink.objects.filter(order_id=order.pk))
    told = [
        *tales.of_events(_events(order), cast),
        *tales.of_webhooks(InboxMessage.objects.filter(order_id=order.pk).defer("body", "headers")),
        *tales.of_receipts(Receipt.objects.filter(unit_id__in=cast.units).select_related("chosen__supplier"), cast),
        *tales.of_purchases(_purchases(cast), cast),
        *tales.of_line_events(LineEvent.objects.filter(line__unit_id__in=cast.units).select_related("line"), cast),
        *tales.of_messages(messages, cast),
        *tales.of_links(links, cast),
        *tales.of_write_backs(WriteBack.objects.filter(order=order)),
        *tales.of_refunds(refunds),
        *tales.of_compensations(Compensation.objects.filter(unit__in=cast.units), cast),
        *tales.of_letters(DeadLetter.objects.filter(order_id=order.pk)),
        *tales.of_audit(_audit(order, cast, {"message": messages, "refund": refunds, "link": links})),
    ]
    return sorted(told, key=lambda entry: entry.at)


def _events(order: Order) -> Iterable[Event]:
    newest = Event.objects.filter(order_id=order.pk).order_by("-pk")[:MOST_EVENTS]
    return reversed(newest)


def _purchases(cast: Cast) -> Iterable[Purchase]:
    return Purchase.objects.filter(unit_id__in=cast.units).select_related("supplier", "offer").order_by("pk")


def _audit(order: Order, cast: Cast, parts: Mapping[str, Sequence[Model]]) -> Iterable[AuditEntry]:
    """What was changed of the order, its units, and its messages, refunds and links."""
    unit_ids = [key for unit in cast.units.values() for key in (unit.public_id, str(unit.pk))]
    about = Q(entity="order", entity_id__in=[order.public_id, str(order.pk)]) | Q(entity="unit", entity_id__in=unit_ids)
    for entity, rows in parts.items():
        about |= Q(entity=entity, entity_id__in=[str(row.pk) for row in rows])
    return AuditEntry.objects.filter(about).order_by("pk")
