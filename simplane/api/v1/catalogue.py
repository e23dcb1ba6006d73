"""GET /products, /products/changes, /products/{sku}: what can be ordered, at this account's own prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.answers import cached
from simplane.api.v1.hints import hints
from simplane.api.v1.paging import Paging, page_of, read_cursor, write_cursor
from simplane.api.v1.values import CLEAN, Currency, Moment, Page, examples
from simplane.catalog.models import Product, Terms
from simplane.catalog.price_list import changed, settled, with_prices
from simplane.catalog.wholesale import terms_of
from simplane.core import clock
from simplane.organizations.models import Organization

router = Router(tags=["Catalogue"], auth=Scope("catalogue:read"))
ETAGGED = hints("no_wallet", etag=True)
MEGABYTE = 10**6
SETTLED = timedelta(seconds=5)
"""Between the moment that a change is written with and the beginning of its transaction."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)


class PriceOut(Schema):
    """Your price of one eSIM now."""

    amount_minor: Annotated[int, Field(description="Minor units: 450 EUR is 4.50, 450 JPY is 450.")]
    currency: Currency
    source: Annotated[Literal["customer", "tier", "list"], Field(description="Agreed with you, of your tier, or list.")]


PRODUCT = {
    "object": "product",
    "sku": "ESIM-EU-5GB-30D",
    "name": "Europe 5 GB, 30 days",
    "active": True,
    "countries": ["DE", "ES", "FR"],
    "data_bytes": 5000000000,
    "daily": False,
    "days": 30,
    "starts": "first_use",
    "top_up": True,
    "hotspot": True,
    "voice_minutes": 0,
    "sms_count": 0,
    "carrier": "",
    "price": {"amount_minor": 900, "currency": "EUR", "source": "tier"},
}


class ProductOut(Schema):
    """One SKU: exactly what a traveller is promised, and what you pay for it."""

    model_config = examples(PRODUCT)
    object: str = "product"
    sku: str
    name: str
    active: Annotated[bool, Field(description="False: it can not be ordered any more.")]
    countries: Annotated[list[str], Field(description="ISO 3166-1 alpha-2.")]
    data_bytes: Annotated[int | None, Field(description="In all, or a day when `daily`; null: unlimited.")]
    daily: bool
    days: int
    starts: Annotated[Literal["install", "first_use", "purchase"], Field(description="When its days begin to count.")]
    top_up: bool
    hotspot: bool
    voice_minutes: int
    sms_count: int
    carrier: str
    price: Annotated[PriceOut | None, Field(description="null: not sold in your currency.")]


class ChangedOut(Schema):
    """A product that changed, as it is now."""

    model_config = examples({"at": "2026-11-20T12:00:00.000Z", "removed": False, "product": PRODUCT})
    at: Moment
    removed: Annotated[bool, Field(description="It can not be ordered any more, or has no price for you.")]
    product: ProductOut


class ProductFilter(Paging):
    """Which products."""

    q: Annotated[str | None, Field(max_length=80, pattern=CLEAN, description="Part of the name or SKU.")] = None
    country: Annotated[str | None, Field(pattern="^[A-Z]{2}$", description="Works there: ISO 3166-1 alpha-2.")] = None
    min_data_mb: Annotated[int | None, Field(ge=0, le=10**9, description="So many MB or more, or unlimited.")] = None


class Since(Schema):
    """From where."""

    since: Annotated[str | None, Field(max_length=200, description="`next_cursor` of the last call; none: all.")] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100


class ChangesOut(Page[ChangedOut]):
    """Changes, the oldest first. `next_cursor` is always there: keep it for the next call."""


Sku = Annotated[str, Field(min_length=1, max_length=80)]


@router.get("/products", response=Page[ProductOut], summary="List products", openapi_extra=ETAGGED)
def list_products(request: ApiRequest, wanted: Query[ProductFilter]) -> HttpResponse:
    """Everything you can order, with your price now. Send the answer's `ETag` as `If-None-Match`: 304 if nothing changed."""
    owner = request.auth.organization
    terms = _terms(owner)
    rows = _filtered(with_prices(owner, terms, at=clock.now(), orderable=True), wanted)
    page = page_of(rows, wanted, lambda found: [_shown(one, terms) for one in found], by=None, ascending=True)
    return cached(request, Page[ProductOut].model_validate(page))


@router.get("/products/changes", response=ChangesOut, summary="Follow changes", openapi_extra=hints("no_wallet"))
def list_changes(request: ApiRequest, wanted: Query[Since]) -> dict[str, Any]:
    """Products whose content or price changed since a cursor, as they are now, each once; a few seconds behind, or as
    long as a write is under way.

    Call it until `has_more` is false, keep `next_cursor`, and go on from there later.
    """
    owner = request.auth.organization
    terms = _terms(owner)
    moment, product = read_cursor(wanted.since, dated=True) if wanted.since else (FIRST, 0)
    found = list(changed(owner, terms, after=(moment, product), until=settled(SETTLED), most=wanted.limit + 1))
    more, found = len(found) > wanted.limit, found[: wanted.limit]
    at = {one.product_id: one.at for one in found}
    rows = {row.pk: row for row in with_prices(owner, terms, at=clock.now()).filter(pk__in=at)}
    last = (found[-1].at, found[-1].product_id) if found else (moment, product)
    return {
        "data": [_change(rows[one.product_id], one.at, terms) for one in found],
        "has_more": more,
        "next_cursor": write_cursor(last),
    }


@router.get("/products/{sku}", response=ProductOut, summary="Read a product", openapi_extra=ETAGGED)
def read_product(request: ApiRequest, sku: Path[Sku]) -> HttpResponse:
    """One SKU with your price now."""
    owner = request.auth.organization
    terms = _terms(owner)
    found = with_prices(owner, terms, at=clock.now()).filter(sku=sku).first()
    if found is None:
        raise Refused("not_found", f"there is no product {sku}: look at GET /products")
    return cached(request, ProductOut.model_validate(_shown(found, terms)))


def _terms(owner: Organization) -> Terms:
    terms = terms_of(owner)
    if terms is None:
        raise Refused("no_wallet", "no terms are agreed with this account yet: write to us")
    return terms


def _filtered(rows: QuerySet[Product], wanted: ProductFilter) -> QuerySet[Product]:
    if wanted.q:
        rows = rows.filter(Q(name__icontains=wanted.q) | Q(sku__icontains=wanted.q))
    if wanted.country:
        rows = rows.filter(countries__contains=[wanted.country])
    if wanted.min_data_mb is not None:
        rows = rows.filter(Q(data_bytes__gte=wanted.min_data_mb * MEGABYTE) | Q(data_bytes__isnull=True))
    return rows


def _shown(row: Product, terms: Terms) -> dict[str, Any]:
    minor: int | None = getattr(row, "price_minor", None)
    source: str = getattr(row, "price_source", "list")
    price = None if minor is None else {"amount_minor": minor, "currency": terms.currency, "source": source}
    return {
        "sku": row.sku,
        "name": row.name,
        "active": row.active,
        "countries": row.countries,
        "data_bytes": row.data_bytes,
        "daily": row.daily,
        "days": row.days,
        "starts": row.clock_start,
        "top_up": row.top_up,
        "hotspot": row.hotspot,
        "voice_minutes": row.voice_minutes,
        "sms_count": row.sms_count,
        "carrier": row.carrier,
        "price": price,
    }


def _change(row: Product, at: datetime, terms: Terms) -> dict[str, Any]:
    shown = _shown(row, terms)
    return {"at": at, "removed": not row.active or shown["price"] is None, "product": shown}
