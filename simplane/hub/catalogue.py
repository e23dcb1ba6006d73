"""The catalogue: what the account can buy, at its own prices of now."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import BigIntegerField, Case, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from simplane.catalog.models import Product, Terms
from simplane.catalog.shelf import Priced, matching, priced, shelf
from simplane.catalog.wholesale import terms_of
from simplane.hub import cart
from simplane.hub.shell import HubRequest, page, show
from simplane.ui.paging import page_of
from simplane.ui.sorting import sorting

SORTS = {"plan": "name", "data": "most_data", "days": "days", "price": "price_minor"}
SORT_WORDS = (
    ("plan", "By name"), ("price", "Cheapest first"), ("-price", "Dearest first"), ("data", "Least data first"),
    ("-data", "Most data first"), ("days", "Shortest first"), ("-days", "Longest first"),
)  # fmt: skip
GIGABYTES = (1, 3, 5, 10, 20, 50)
DAYS = (1, 7, 15, 30, 90)


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """A product with its price, and how many of it lie in the cart."""

    priced: Priced
    in_cart: int


@require_safe
@page("prices:read")
def catalogue(request: HubRequest) -> HttpResponse:
    """Search by country or words, filter by data and days, sort by a column."""
    hub = request.hub
    terms = terms_of(hub.organization)
    if terms is None:
        return show(request, "catalogue", "catalogue", {"terms": None})
    sort = sorting(request.GET, SORTS, first="plan")
    found = page_of(sortable(filtered(request.GET, terms)), request.GET, by=sort.by, ascending=sort.ascending)
    lying = cart.rows(request.session, hub.organization.pk)
    quantities: dict[str, int] = {}
    for row in lying:
        quantities[row.sku] = quantities.get(row.sku, 0) + row.quantity
    context = {
        "terms": terms,
        "page": found,
        "rows": [ShelfRow(one, quantities.get(one.product.sku, 0)) for one in priced(found.rows, terms.currency)],
        "sort": sort,
        "sort_choices": SORT_WORDS,
        "sort_now": request.GET.get("sort", "plan"),
        "gigabytes": GIGABYTES,
        "lengths": DAYS,
        "cart_units": sum(quantities.values()),
        "search": request.GET.get("q", ""),
    }
    return show(request, "catalogue", "catalogue", context)


def filtered(query: QueryDict, terms: Terms) -> QuerySet[Product]:
    """The shelf as far as a query string lets it through; filters that mean nothing count as absent."""
    found = shelf(terms)
    text = query.get("q", "").strip()[:80]
    if text:
        found = found.filter(matching(text))
    least = query.get("data", "")
    if least == "unlimited":
        found = found.filter(data_bytes__isnull=True)
    elif _number(least):
        # Decimal gigabytes: a plan of 5 binary ones is larger than 5 decimal ones.
        found = found.filter(Q(data_bytes__gte=_number(least) * 10**9) | Q(data_bytes__isnull=True))
    days = _number(query.get("days", ""))
    if days:
        found = found.filter(days__gte=days)
    return found


def sortable(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Rows of the shelf with what they sort by: unlimited is more than any data, a daily plan is all of its days."""
    whole = ExpressionWrapper(F("data_bytes") * F("days"), BigIntegerField())
    total = Case(When(daily=True, then=whole), default=F("data_bytes"), output_field=BigIntegerField())
    price = Coalesce(F("own_minor"), F("tier_minor"), F("list_minor"))
    return rows.annotate(
        most_data=Coalesce(total, Value(2**62, BigIntegerField())),
        price_minor=ExpressionWrapper(price, BigIntegerField()),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
