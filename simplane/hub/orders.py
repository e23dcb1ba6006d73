"""The list of orders: search, filters, pages, CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.views.decorators.http import require_safe

from simplane.core.money import Money
from simplane.hub.shell import HubRequest, page, show
from simplane.hub.words import Word, filter_choices, order_word
from simplane.lines.models import Line
from simplane.ordering.models import Order, OrderLine, Unit
from simplane.organizations.models import Organization
from simplane.ui.csv_export import csv_answer
from simplane.ui.paging import page_of
from simplane.ui.sorting import sorting

ICCID = re.compile(r"89\d{16,18}")
MOST_EXPORTED = 50_000
SORTS = {"reference": "name", "state": "state", "total": "total_minor", "placed": "received_at"}
SORT_WORDS = (
    ("-placed", "Newest first"), ("placed", "Oldest first"), ("reference", "Reference"), ("-reference", "Reference, Z to A"),
    ("-total", "Dearest first"), ("total", "Cheapest first"), ("state", "State"),
)  # fmt: skip
COLUMNS = ("reference", "id", "state", "e-mail", "placed", "delivered", "eSIMs", "total", "currency")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a row: how it stands, with how many of its eSIMs are delivered."""

    order: Order
    word: Word
    units: int
    delivered: int


@require_safe
@page("orders:read")
def orders(request: HubRequest) -> HttpResponse:
    """All orders of the account, newest first or by a column."""
    rows = filtered(request.GET, request.hub.organization).select_related("customer")
    sort = sorting(request.GET, SORTS, first="-placed")
    found = page_of(rows, request.GET, by=sort.by, ascending=sort.ascending)
    context = {
        "sort": sort,
        "sort_choices": SORT_WORDS,
        "sort_now": request.GET.get("sort", "-placed"),
        "page": found,
        "rows": rows_of(found.rows),
        "states": filter_choices(),
        "search": request.GET.get("q", ""),
    }
    return show(request, "orders", "orders", context)


@require_safe
@page("orders:read")
def orders_csv(request: HubRequest) -> StreamingHttpResponse:
    """The same orders as a file in the same order, at most 50,000."""
    rows = filtered(request.GET, request.hub.organization).select_related("customer")
    sort = sorting(request.GET, SORTS, first="-placed")
    way = "" if sort.ascending else "-"
    return csv_answer("orders.csv", COLUMNS, _cells(rows.order_by(f"{way}{sort.by}", f"{way}pk")[:MOST_EXPORTED]))


def filtered(query: QueryDict, organization: Organization) -> QuerySet[Order]:
    """Orders of the account that a query string lets through; filters that mean nothing count as absent."""
    found = Order.objects.filter(organization=organization)
    text = query.get("q", "").strip()[:320]
    if text:
        found = found.filter(matching(text, organization))
    if query.get("state") in Order.State.values:
        found = found.filter(state=query["state"])
    if query.get("late"):
        found = found.filter(state=Order.State.OPEN, clock_step__gt=0)
    return found


def matching(text: str, organization: Organization) -> Q:
    """What a person typed: an id of ours, an ICCID, the beginning of an e-mail address, a SKU, or a part of the
    reference or of the traveller's name.
    """
    if text.startswith("ord_"):
        return Q(public_id=text)
    if text.startswith("unt_"):
        return Q(units__public_id=text)
    digits = text.replace(" ", "")
    if ICCID.fullmatch(digits):
        served = Line.objects.filter(iccid=digits).values("unit_id")
        return Q(pk__in=Unit.objects.filter(organization=organization, pk__in=served).values("order_id"))
    if "@" in text:
        return Q(customer__email__startswith=text.lower())
    with_plan = OrderLine.objects.filter(order__organization=organization, sku__iexact=text).values("order_id")
    named = Q(external_id__icontains=text) | Q(name__icontains=text) | Q(customer__name__icontains=text)
    return named | Q(pk__in=with_plan)


def rows_of(found: Iterable[Order]) -> list[OrderRow]:
    """Orders with the count of their eSIMs, in one query for all."""
    listed = list(found)
    done = Count("pk", filter=Q(state=Unit.State.DELIVERED))
    counted = Unit.objects.filter(order__in=listed).values("order_id").annotate(units=Count("pk"), delivered=done)
    counts = {row["order_id"]: (row["units"], row["delivered"]) for row in counted}
    return [OrderRow(order, order_word(order), *counts.get(order.pk, (0, 0))) for order in listed]


def _cells(wanted: QuerySet[Order]) -> Iterator[tuple[object, ...]]:
    for order in wanted.annotate(unit_count=Count("units")).iterator(chunk_size=2000):
        yield (
            order.name,
            order.public_id,
            order_word(order).word,
            order.customer.email,
            order.placed_at,
            order.delivered_at,
            order.unit_count,
            Money(order.total_minor, order.currency).decimal(),
            order.currency,
        )
