"""GET /orders, /orders/{id}, /units/{id}. POST /orders is served in front of Django (`api/place_order.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import Count, Prefetch, QuerySet
from ninja import Path, Query, Router, Schema
from pydantic import AwareDatetime, Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.paging import Paging, page_of
from simplane.api.v1.states import ORDER_WORDS, UNIT_MEANING, UNIT_WORDS, OrderWord, UnitWord, order_states
from simplane.api.v1.values import CLEAN, Currency, Minor, Moment, Page, PublicId, examples
from simplane.ordering.models import Order, OrderLine, Unit
from simplane.organizations.models import Organization

router = Router(tags=["Orders"], auth=Scope("orders:read"))
BOOK = "wholesale"
_SHOWN = ("product", "order", "tops_up")
LINE = {"sku": "ESIM-EU-5GB-30D", "quantity": 2, "unit_price_minor": 900}
UNIT_IDS = ["unt_06b3x8tk1m4q7rznw2v5c9-1", "unt_06b3x8tk1m4q7rznw2v5c9-2"]
ORDER = {
    "id": "ord_06b3x8tk1m4q7rznw2v5c9",
    "object": "order",
    "reference": "PO-7",
    "state": "open",
    "test": False,
    "currency": "EUR",
    "total_minor": 1800,
    "created_at": "2026-11-20T12:00:00.000Z",
}
UNIT = {
    "id": UNIT_IDS[0],
    "object": "unit",
    "order": ORDER["id"],
    "sku": "ESIM-EU-5GB-30D",
    "state": "delivered",
    "state_at": "2026-11-20T12:00:02.100Z",
    "price_minor": 900,
    "currency": "EUR",
    "kind": "esim",
    "esim": UNIT_IDS[0],
}


class LineOut(Schema):
    """So many of a SKU."""

    sku: str
    quantity: int
    unit_price_minor: Minor


class PlacedLineOut(LineOut):
    """A line with its units, one for each eSIM."""

    units: Annotated[list[str], Field(description="Ids of units, in order. A unit's eSIM has the same id.")]


class UnitOut(Schema):
    """One eSIM that was ordered, or data for one."""

    model_config = examples(UNIT)
    id: str
    object: str = "unit"
    order: str
    sku: str
    state: Annotated[UnitWord, Field(description=UNIT_MEANING)]
    state_at: Moment
    price_minor: Minor
    currency: Currency
    kind: Annotated[Literal["esim", "top_up"], Field(description="A new eSIM, or data for one that is there.")]
    esim: Annotated[
        str | None, Field(description="The eSIM's id as soon as it is bought, or the one that gets the data.")
    ]


class OrderBase(Schema):
    """What every view of an order has."""

    id: str
    object: str = "order"
    reference: Annotated[str | None, Field(description="Your own.")]
    state: Annotated[OrderWord, Field(description="`held`: a person of ours looks at it; `done`: nothing is owed.")]
    test: bool
    currency: Currency
    total_minor: Minor
    created_at: Moment


class OrderShort(OrderBase):
    """An order in a list."""

    model_config = examples(ORDER | {"lines": [LINE], "units": {"delivered": 1, "buying": 1}})
    lines: list[LineOut]
    units: Annotated[dict[str, int], Field(description="How many units are in which state.")]


class OrderOut(OrderBase):
    """An order with all its units."""

    model_config = examples(
        ORDER
        | {
            "lines": [LINE | {"units": UNIT_IDS}],
            "units": [UNIT, UNIT | {"id": UNIT_IDS[1], "state": "buying", "esim": None}],
        }
    )
    lines: list[PlacedLineOut]
    units: list[UnitOut]


class OrderFilter(Paging):
    """Which orders."""

    reference: Annotated[str | None, Field(max_length=80, pattern=CLEAN, description="Your own, exactly.")] = None
    state: OrderWord | None = None
    created_after: Annotated[AwareDatetime | None, Field(description="RFC 3339 with a zone; that moment included.")] = (
        None
    )
    created_before: Annotated[AwareDatetime | None, Field(description="That moment not included.")] = None


@router.get("/orders", response=Page[OrderShort], summary="List orders")
def list_orders(request: ApiRequest, wanted: Query[OrderFilter]) -> dict[str, Any]:
    """Your orders, newest first; with `reference` the one of that number of yours."""
    rows = _filtered(_mine(request.auth.organization), wanted).prefetch_related(_LINES)
    return page_of(rows, wanted, _shown_short, by="received_at")


@router.get("/orders/{id}", response=OrderOut, summary="Read an order")
def read_order(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """An order with the state of each unit."""
    found = _mine(request.auth.organization).filter(public_id=id).prefetch_related(_LINES).first()
    if found is None:
        raise Refused("not_found", "there is no such order: look it up with GET /orders?reference=…")
    units = list(Unit.objects.filter(order=found).select_related(*_SHOWN).order_by("order_line_id", "index"))
    return _base(found) | {
        "lines": [_line(line) | {"units": _ids(line, units)} for line in found.lines.all()],
        "units": [unit_shown(unit) for unit in units],
    }


@router.get("/units/{id}", response=UnitOut, summary="Read a unit")
def read_unit(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """One eSIM that was ordered, whether it is there yet or not."""
    return unit_shown(find_unit(request.auth.organization, id))


def find_unit(owner: Organization, public_id: str) -> Unit:
    """A unit of this organization. Raises Refused."""
    mine = Unit.objects.filter(organization=owner, book=BOOK, public_id=public_id).select_related(*_SHOWN)
    found = mine.first()
    if found is None:
        raise Refused("not_found", "there is no such unit: the ids stand in its order")
    return found


def unit_shown(unit: Unit) -> dict[str, Any]:
    """As UnitOut. Needs `order`, `product` and `tops_up` loaded."""
    return {
        "id": unit.public_id,
        "order": unit.order.public_id,
        "sku": unit.product.sku,
        "state": UNIT_WORDS[unit.state],
        "state_at": unit.state_at,
        "price_minor": unit.price_minor,
        "currency": unit.currency,
        "kind": "top_up" if unit.tops_up else "esim",
        "esim": unit.tops_up.public_id if unit.tops_up else unit.public_id if unit.line_id else None,
    }


_LINES = Prefetch("lines", OrderLine.objects.order_by("pk"))


def _mine(owner: Organization) -> QuerySet[Order]:
    return Order.objects.filter(organization=owner, book=BOOK)


def _filtered(rows: QuerySet[Order], wanted: OrderFilter) -> QuerySet[Order]:
    if wanted.reference:
        rows = rows.filter(external_id=wanted.reference)
    if wanted.state:
        rows = rows.filter(state__in=order_states(wanted.state))
    if wanted.created_after:
        rows = rows.filter(received_at__gte=wanted.created_after)
    return rows.filter(received_at__lt=wanted.created_before) if wanted.created_before else rows


def _shown_short(orders: list[Order]) -> list[dict[str, Any]]:
    counts: dict[int, Counter[str]] = {order.pk: Counter() for order in orders}
    found = Unit.objects.filter(order__in=counts).values_list("order_id", "state").annotate(Count("pk")).order_by()
    for order_id, state, number in found:
        counts[order_id][UNIT_WORDS[state]] += number
    return [
        _base(order) | {"lines": [_line(line) for line in order.lines.all()], "units": dict(counts[order.pk])}
        for order in orders
    ]


def _base(order: Order) -> dict[str, Any]:
    created: datetime = order.received_at
    return {
        "id": order.public_id,
        "reference": None if order.external_id == order.public_id else order.external_id,
        "state": ORDER_WORDS[order.state],
        "test": order.is_test,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "created_at": created,
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}


def _ids(line: OrderLine, units: Sequence[Unit]) -> list[str]:
    return [unit.public_id for unit in units if unit.order_line_id == line.pk]
