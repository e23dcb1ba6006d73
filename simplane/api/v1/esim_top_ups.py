"""GET and POST /esims/{id}/top-ups: more data for an eSIM that is there. It is an order, placed by the SQL of all orders."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from simplane.api.order_dry_run import undone
from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.catalogue import PriceOut
from simplane.api.v1.document_orders import PlacedOut
from simplane.api.v1.esims import find_esim
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import hash_of_request, key_of
from simplane.api.v1.values import PublicId, Text, Wanted, examples
from simplane.catalog.shelf import Priced
from simplane.core.addresses import source_ip
from simplane.core.batches import NotDone
from simplane.core.ids import new_id
from simplane.delivery.mime import usable
from simplane.ordering import topping_up
from simplane.ordering.placing import LineWanted, OrderWanted, Placed
from simplane.ordering.topping_up import Topping

router = Router(tags=["eSIMs"])
ASKING = ("not_supported", "supplier_refused", "supplier_silent", "not_now")
ORDERING = ("does_not_fit", "no_wallet", "no_price", "price_above_max", "order_too_large", "reference_taken")


class FittingOut(Schema):
    """A product that may be put on this eSIM, at your price."""

    sku: str
    name: str
    data_bytes: Annotated[int | None, Field(description="In all, or a day when `daily`; null: unlimited.")]
    daily: bool
    days: int
    price: PriceOut


class FittingList(Schema):
    """All of them, the cheapest first."""

    model_config = examples(
        {
            "object": "list",
            "data": [
                {
                    "sku": "ESIM-EU-5GB-30D",
                    "name": "Europe 5 GB, 30 days",
                    "data_bytes": 5000000000,
                    "daily": False,
                    "days": 30,
                    "price": {"amount_minor": 900, "currency": "EUR", "source": "tier"},
                }
            ],
        }
    )
    object: str = "list"
    data: list[FittingOut]


class FillWanted(Wanted):
    """What to put on the eSIM."""

    model_config = Wanted.model_config | examples(
        {"sku": "ESIM-EU-5GB-30D", "max_price_minor": 1000, "reference": "PO-8"}
    )
    sku: Text
    max_price_minor: Annotated[int | None, Field(ge=0, le=10**12, description="Refuse it when it costs more.")] = None
    reference: Annotated[Text | None, Field(description="Your own number of this order.")] = None
    email: Annotated[str | None, Field(max_length=320, description="Who gets a short mail that data was added.")] = None
    locale: Annotated[str, Field(pattern="^[a-z]{2}(-[A-Z]{2})?$", description="Language of that mail.")] = "en"


class Dry(Schema):
    """Whether it shall be done."""

    dry_run: Annotated[
        Literal["true", "false"],
        Field(description="true: check everything and answer what would be; no key is needed."),
    ] = "false"


@router.get(
    "/esims/{id}/top-ups",
    response=FittingList,
    auth=Scope("orders:read"),
    summary="List what may be added",
    openapi_extra=hints(*ASKING),
)
def list_fitting(request: ApiRequest, id: Path[PublicId]) -> dict[str, Any]:
    """Asks the supplier of this eSIM. `can.top_up` of the eSIM says beforehand whether it takes any."""
    return {"data": [_shown(one) for one in topping_up.choices(find_esim(request.auth.organization, id))]}


@router.post(
    "/esims/{id}/top-ups",
    response={201: PlacedOut, 200: PlacedOut},
    auth=Scope("orders:write"),
    summary="Add data",
    openapi_extra=hints(*ASKING, *ORDERING, "insufficient_funds", key="required"),
)
def fill_esim(request: ApiRequest, id: Path[PublicId], wanted: FillWanted, how: Query[Dry]) -> HttpResponse:
    """An order of one unit, which fills this eSIM: its price is set aside and taken when the data is there, else given
    back. One at a time an eSIM. The events `unit.delivered` and `esim.topped_up` tell when it is done.
    """
    dry = how.dry_run == "true"
    unit = find_esim(request.auth.organization, id)
    try:
        placed = topping_up.order(Topping(unit, _order(request, wanted, dry=dry), counted=True, dry=dry))
    except NotDone:
        raise Refused("unavailable") from None
    return _answer(placed, dry=dry)


def _order(request: ApiRequest, wanted: FillWanted, *, dry: bool) -> OrderWanted:
    if wanted.email is not None and not usable(wanted.email):
        raise Refused("bad_request", "no mail can be sent to `email`: it reads name@example.com")
    key = request.call.request_id if dry else key_of(request)
    if not key:
        raise Refused("idempotency_key_missing")
    return OrderWanted(
        key_hash=bytes(request.auth.key.hash),
        address=source_ip(request.META) or "0.0.0.0",  # noqa: S104  no address is known on a socket file
        idempotency_key=key,
        request_hash=hash_of_request(request, wanted),
        public_id=new_id("ord"),
        lines=(LineWanted(wanted.sku, 1, wanted.max_price_minor),),
        reference=wanted.reference,
        email=(wanted.email or "").strip().lower(),
        locale=wanted.locale,
        request_id=request.call.request_id,
    )


def _answer(placed: Placed, *, dry: bool) -> HttpResponse:
    if placed.body is None or placed.status is None:
        raise Refused(placed.code, extra=placed.detail)
    if dry and placed.code == "created":
        return HttpResponse(undone(placed.body), content_type="application/json")
    kind = "application/json" if placed.status < 400 else "application/problem+json"
    answer = HttpResponse(placed.body.encode(), status=placed.status, content_type=kind)
    if placed.code == "replayed":
        answer["Idempotent-Replayed"] = "true"
    return answer


def _shown(one: Priced) -> dict[str, Any]:
    product = one.product
    return {
        "sku": product.sku,
        "name": product.name,
        "data_bytes": product.data_bytes,
        "daily": product.daily,
        "days": product.days,
        "price": {"amount_minor": one.price.minor, "currency": one.price.currency, "source": one.source},
    }
