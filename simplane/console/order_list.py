"""The list of orders: search, filters, pages, CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.views.decorators.http import require_safe

from simplane.channels.models import Shop
from simplane.console import figures
from simplane.console.shell import page
from simplane.core.money import Money
from simplane.lines.models import Line
from simplane.ordering.models import Order, Unit
from simplane.ui.csv_export import csv_answer
from simplane.ui.paging import page_of

ICCID = re.compile(r"89\d{16,18}")
MOST_EXPORTED = 50_000
COLUMNS = ("order", "id", "shop", "state", "e-mail", "placed", "paid", "delivered", "eSIMs", "total", "currency")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a row: with how many of its eSIMs were delivered."""

    order: Order
    units: int
    delivered: int
    dead: int


@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """All orders, newest first."""
    found = page_of(filtered(request.GET).select_related("customer"), request.GET, by="received_at")
    return page(
        request,
        "orders",
        "orders",
        {
            "page": found,
            "rows": rows_of(found.rows),
            "states": Order.State.choices,
            "shops": Shop.objects.order_by("name").values_list("key", "name"),
            "search": request.GET.get("q", ""),
        },
    )


@require_safe
def orders_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same orders as a file, at most 50,000."""
    wanted = filtered(request.GET).select_related("customer").order_by("-received_at", "-pk")[:MOST_EXPORTED]
    return csv_answer("orders.csv", COLUMNS, _cells(wanted))


def filtered(query: QueryDict) -> QuerySet[Order]:
    """Orders that the filters of a query string let through; unknown filters count as absent."""
    found = Order.objects.all()
    text = query.get("q", "").strip()
    if text:
        found = found.filter(matching(text))
    if query.get("state") in Order.State.values:
        found = found.filter(state=query["state"])
    if query.get("shop"):
        found = found.filter(book="retail", account=query["shop"])
    if query.get("reseller"):
        found = found.filter(organization__slug=query["reseller"])
    if query.get("late"):
        found = found.filter(state=Order.State.OPEN, clock_step__gt=0)
    day = figures.midnight()
    if query.get("day") == "paid":
        found = found.filter(received_at__gte=day - figures.LONGEST_ORDER, clock_started_at__gte=day)
    if query.get("day") == "delivered":
        found = found.filter(received_at__gte=day - figures.LONGEST_ORDER, delivered_at__gte=day)
    return found


def matching(text: str) -> Q:
    """What a person typed: an id of ours, an ICCID, an e-mail address, or the order's name or number at the shop."""
    if text.startswith("ord_"):
        return Q(public_id=text)
    if text.startswith("unt_"):
        return Q(units__public_id=text)
    digits = text.replace(" ", "")
    if ICCID.fullmatch(digits):
        served = Line.objects.filter(iccid=digits).values("unit_id")
        return Q(pk__in=Unit.objects.filter(pk__in=served).values("order_id"))
    if "@" in text:
        return Q(customer__email__startswith=text.lower())
    return Q(name__in=[text, f"#{text}"]) | Q(external_id=text)


def rows_of(found: Iterable[Order]) -> list[OrderRow]:
    """Orders with the count of their eSIMs, in one query for all."""
    listed = list(found)
    counted = (
        Unit.objects.filter(order__in=listed)
        .values("order_id")
        .annotate(
            units=Count("pk"),
            delivered=Count("pk", filter=Q(state=Unit.State.DELIVERED)),
            dead=Count("pk", filter=Q(state=Unit.State.DEAD)),
        )
    )
    by_order = {row["order_id"]: (row["units"], row["delivered"], row["dead"]) for row in counted}
    return [OrderRow(order, *by_order.get(order.pk, (0, 0, 0))) for order in listed]


def _cells(wanted: QuerySet[Order]) -> Iterator[tuple[object, ...]]:
    for order in wanted.annotate(unit_count=Count("units")).iterator(chunk_size=2000):
        yield (
            order.name,
            order.public_id,
            order.account,
            order.state,
            order.customer.email,
            order.placed_at,
            order.paid_at,
            order.delivered_at,
            order.unit_count,
            Money(order.total_minor, order.currency).decimal(),
            order.currency,
        )
