"""What we can show a bank when a buyer disputes a payment: what was sold, mailed, opened, installed and used, and when.

Activation codes and our own costs are left out: the file goes to strangers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from simplane.channels.models import Refund, WriteBack
from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.models import DeadLetter
from simplane.core.money import Money
from simplane.delivery.models import InstallLink, Message
from simplane.lines.models import Line, LineEvent
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """The order as the shop sold it."""

    name: str
    shop: str
    external_id: str
    our_id: str
    total: str
    refunded: str
    buyer: str
    email: str
    language: str
    placed_at: datetime
    paid_at: datetime | None
    received_at: datetime
    delivered_at: datetime | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierRecord:
    """One purchase at a supplier: its own order number and ours."""

    supplier: str
    offer: str
    state: str
    their_order: str
    our_reference: str
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRecord:
    """Something the supplier told about the eSIM, at its own time. `by`: webhook, read or us."""

    at: datetime
    what: str
    by: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """An install page of ours, behind a link only the buyer was mailed."""

    made_at: datetime
    first_opened_at: datetime | None
    last_opened_at: datetime | None
    times_opened: int
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The eSIM itself and what its supplier measured. Data in bytes."""

    iccid: str
    eid: str
    issued_at: datetime
    installed_at: datetime | None
    attached_at: datetime | None
    first_use_at: datetime | None
    expires_at: datetime | None
    country: str
    data_used: int | None
    data_total: int | None
    usage_measured_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Esim:
    """One eSIM that was owed, and all that is known of it. `profile`: None when none was issued."""

    number: int
    product: str
    price: str
    state: str
    delivered_at: datetime | None
    profile: Profile | None
    bought: tuple[SupplierRecord, ...]
    told: tuple[LineRecord, ...]
    pages: tuple[PageRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to the buyer; `message_id` stands in its header."""

    kind: str
    to: str
    state: str
    written_at: datetime
    handed_over_at: datetime | None
    message_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class Deed:
    """Something else that happened: the shop was told, money went back, the dispute came."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything, as of `made_at`."""

    made_at: datetime
    sale: Sale
    esims: tuple[Esim, ...]
    mails: tuple[Mail, ...]
    order_pages: tuple[PageRecord, ...]
    deeds: tuple[Deed, ...]


def disputes(order_id: int) -> list[DeadLetter]:
    """The letters of an order's disputes, open and closed, newest first."""
    return list(DeadLetter.objects.filter(kind="dispute", order_id=order_id).order_by("-opened_at"))


def note_taken(order: Order) -> None:
    """Somebody took the evidence file away: it holds personal data."""
    with transaction():
        audit.note("order.evidence_taken", "order", order.public_id)


def evidence(order: Order) -> Evidence:
    """What is known of an order; a fixed number of queries. `order` with its customer."""
    units = list(order.units.select_related("product", "line").order_by("order_line_id", "index"))
    keys = [unit.pk for unit in units]
    links = list(InstallLink.objects.filter(order_id=order.pk).order_by("created_at"))
    bought = list(Purchase.objects.filter(unit_id__in=keys).select_related("supplier", "offer").order_by("pk"))
    told = list(LineEvent.objects.filter(line__unit_id__in=keys).order_by("at", "pk"))
    return Evidence(
        made_at=clock.now(),
        sale=_sale(order),
        esims=tuple(_esim(number, unit, bought, links, told) for number, unit in enumerate(units, 1)),
        mails=tuple(_mail(row) for row in Message.objects.filter(order_id=order.pk).order_by("pk")),
        order_pages=_pages(link for link in links if link.unit_id is None),
        deeds=tuple(sorted(_deeds(order), key=lambda deed: deed.at)),
    )


def _sale(order: Order) -> Sale:
    return Sale(
        name=order.name,
        shop=order.account,
        external_id=order.external_id,
        our_id=order.public_id,
        total=str(Money(order.total_minor, order.currency)),
        refunded=str(Money(order.refunded_minor, order.currency)),
        buyer=order.customer.name,
        email=order.customer.email,
        language=order.locale,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        received_at=order.received_at,
        delivered_at=order.delivered_at,
        lines=tuple(f"{line.quantity} x {line.title} ({line.sku or line.variant})" for line in order.lines.all()),
    )


def _esim(
    number: int,
    unit: Unit,
    bought: Iterable[Purchase],
    links: Iterable[InstallLink],
    told: Iterable[LineEvent],
) -> Esim:
    return Esim(
        number=number,
        product=unit.product.name,
        price=str(Money(unit.price_minor, unit.currency)),
        state=unit.get_state_display(),
        delivered_at=unit.delivered_at,
        profile=_profile(unit.line) if unit.line is not None else None,
        bought=tuple(_record(row) for row in bought if row.unit_id == unit.pk),
        told=tuple(_line_record(row) for row in told if row.line_id == unit.line_id),
        pages=_pages(link for link in links if link.unit_id == unit.pk),
    )


def _profile(line: Line) -> Profile:
    return Profile(
        iccid=line.iccid,
        eid=line.eid,
        issued_at=line.issued_at,
        installed_at=line.installed_at,
        attached_at=line.attached_at,
        first_use_at=line.first_use_at,
        expires_at=line.expires_at,
        country=line.country,
        data_used=line.data_used,
        data_total=line.data_total,
        usage_measured_at=line.usage_at,
    )


def _record(row: Purchase) -> SupplierRecord:
    return SupplierRecord(
        supplier=row.supplier.name,
        offer=row.offer.name,
        state=row.get_state_display(),
        their_order=row.supplier_order_id,
        our_reference=row.reference,
        asked_at=row.requested_at,
        answered_at=row.answered_at,
    )


def _line_record(row: LineEvent) -> LineRecord:
    return LineRecord(
        at=row.at, what=row.kind.replace("_", " "), by=row.source, country=str(row.data.get("country") or "")
    )


def _pages(links: Iterable[InstallLink]) -> tuple[PageRecord, ...]:
    return tuple(
        PageRecord(
            made_at=link.created_at,
            first_opened_at=link.first_seen_at,
            last_opened_at=link.last_seen_at,
            times_opened=link.views,
            closed_at=link.revoked_at,
        )
        for link in links
    )


def _mail(row: Message) -> Mail:
    return Mail(
        kind=row.kind,
        to=row.to,
        state=row.get_state_display(),
        written_at=row.created_at,
        handed_over_at=row.sent_at,
        message_id=row.message_id,
        problem=row.problem,
    )


def _deeds(order: Order) -> Iterator[Deed]:
    for told in WriteBack.objects.filter(order=order, done_at__isnull=False):
        yield Deed(told.done_at or told.created_at, f"the shop was told of the delivery, tracking {told.tracking}")
    for refund in Refund.objects.filter(order=order, state=Refund.State.DONE):
        money = Money(refund.amount_minor, refund.currency)
        yield Deed(refund.done_at or refund.created_at, f"{money} was paid back: {refund.reason}")
    for letter in disputes(order.pk):
        yield Deed(letter.opened_at, letter.summary)
