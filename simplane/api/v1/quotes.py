"""POST /quotes, GET /quotes/{id}: a price promised for a while, used once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Path, Router, Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import once
from simplane.api.v1.values import Currency, Minor, Moment, PublicId, Text, Wanted, examples
from simplane.catalog.models import Quote
from simplane.catalog.wholesale import MOST_QUOTED, make_quote
from simplane.core import clock

router = Router(tags=["Quotes"])


class QuoteIn(Wanted):
    """So many of a SKU."""

    model_config = Wanted.model_config | examples({"sku": "ESIM-EU-5GB-30D", "quantity": 100})
    sku: Text
    quantity: Annotated[int, Field(ge=1, le=MOST_QUOTED)] = 1


class QuoteOut(Schema):
    """A promise. Name its `id` in a line of an order with the same SKU and quantity before it expires."""

    model_config = examples(
        {
            "object": "quote",
            "id": "quo_06b3x8tk1m4q7rznw2v5c9",
            "sku": "ESIM-EU-5GB-30D",
            "quantity": 100,
            "unit_price_minor": 900,
            "total_minor": 90000,
            "currency": "EUR",
            "state": "open",
            "created_at": "2026-11-20T12:00:00.000Z",
            "expires_at": "2026-11-20T12:15:00.000Z",
        }
    )
    object: str = "quote"
    id: str
    sku: str
    quantity: int
    unit_price_minor: Minor
    total_minor: Minor
    currency: Currency
    state: Literal["open", "used", "expired"]
    created_at: Moment
    expires_at: Moment


@router.post(
    "/quotes",
    response={201: QuoteOut},
    auth=Scope("orders:write"),
    summary="Ask for a quote",
    openapi_extra=hints("not_found", "no_price", key="optional"),
)
def create_quote(request: ApiRequest, wanted: QuoteIn) -> HttpResponse:
    """Have today's price of a quantity promised for 15 minutes. Nothing is reserved or spent."""

    def work() -> QuoteOut:
        return _shown(make_quote(request.auth.organization, wanted.sku, wanted.quantity))

    return once(request, work, body=wanted, status=201)


@router.get("/quotes/{id}", response=QuoteOut, auth=Scope("orders:read"), summary="Read a quote")
def read_quote(request: ApiRequest, id: Path[PublicId]) -> Any:
    """A quote of yours, and whether it is still good."""
    mine = Quote.objects.select_related("product").filter(organization=request.auth.organization, public_id=id)
    found = mine.first()
    if found is None:
        raise Refused("not_found", "there is no such quote: ask for a new one")
    return _shown(found)


def _shown(row: Quote) -> QuoteOut:
    state: Literal["open", "used", "expired"] = (
        "used" if row.used_at else "expired" if row.expires_at <= clock.now() else "open"
    )
    return QuoteOut(
        id=row.public_id,
        sku=row.product.sku,
        quantity=row.quantity,
        unit_price_minor=row.amount_minor,
        total_minor=row.amount_minor * row.quantity,
        currency=row.currency,
        state=state,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
