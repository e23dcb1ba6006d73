"""/wallet/top-ups, /wallet/cards: money into the wallet, by a payment page or a saved card."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpResponse
from ninja import Path, Router, Schema
from ninja import Query as InQuery
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import key_of, once
from simplane.api.v1.paging import Paging, page_of
from simplane.api.v1.values import Currency, Minor, Moment, Page, PublicId, Wanted, examples
from simplane.catalog.wholesale import terms_of
from simplane.core.errors import BadInput
from simplane.core.money import Money
from simplane.organizations.models import Organization
from simplane.payments import actions, queries
from simplane.payments.actions import LONGEST_URL
from simplane.payments.models import SavedCard, TopUp
from simplane.payments.starting import MOST_AT_STRIPE

router = Router(tags=["Wallet"])
READ, WRITE = Scope("wallet:read"), Scope("wallet:write")
Address = Annotated[str, Field(max_length=LONGEST_URL, pattern=r"^https?://[A-Za-z0-9][\x21-\x7e]*$")]
State = Literal[
    "created",
    "awaiting",
    "processing",
    "succeeded",
    "failed",
    "expired",
    "partly_refunded",
    "refunded",
    "disputed",
    "lost",
]
Method = Literal["checkout", "card", "auto", "bank"]


class TopUpIn(Wanted):
    """How much, and how it is paid."""

    model_config = Wanted.model_config | examples(
        {"amount_minor": 50000, "success_url": "https://shop.example/wallet"},
        {"amount_minor": 50000, "method": "card", "card": "card_06b3x8tk1m4q7rznw2v5c9"},
    )
    amount_minor: Annotated[int, Field(ge=1, le=MOST_AT_STRIPE, description="Minor units: 50000 EUR is 500.00.")]
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$", description="Of a wallet; else of your terms.")] = None
    method: Annotated[
        Literal["checkout", "card"], Field(description="`checkout`: `url` is a page to pay at; `card`: a saved card.")
    ] = "checkout"
    card: Annotated[str | None, Field(max_length=40, pattern="^[a-zA-Z0-9_-]+$", description="Its id.")] = None
    save_card: Annotated[bool, Field(description="Keep the card for later top-ups (checkout).")] = False
    success_url: Annotated[Address | None, Field(description="Where the payer goes then.")] = None
    cancel_url: Annotated[Address | None, Field(description="Where the payer goes back to.")] = None


class TopUpOut(Schema):
    """Money on its way into your wallet."""

    model_config = examples(
        {
            "object": "top_up",
            "id": "top_06b3x8tk1m4q7rznw2v5c9",
            "amount_minor": 50000,
            "currency": "EUR",
            "method": "checkout",
            "state": "awaiting",
            "url": "https://checkout.stripe.com/c/pay/cs_test_a1",
            "card": None,
            "refunded_minor": 0,
            "problem": None,
            "created_at": "2026-11-20T12:00:00.000Z",
            "credited_at": None,
        }
    )
    object: str = "top_up"
    id: str
    amount_minor: Minor
    currency: Currency
    method: Method
    state: Annotated[State, Field(description="`succeeded`: it is in the wallet. `created`: read it again for `url`.")]
    url: Annotated[str | None, Field(description="Pay here, while the state is `awaiting`.")]
    card: Annotated[str | None, Field(description="The saved card it was paid with.")]
    refunded_minor: Minor
    problem: Annotated[str | None, Field(description="Why it failed, in words for the payer.")]
    created_at: Moment
    credited_at: Moment | None


class CardOut(Schema):
    """A saved card. Its number never comes here."""

    model_config = examples(
        {
            "object": "card",
            "id": "card_06b3x8tk1m4q7rznw2v5c9",
            "brand": "visa",
            "last4": "4242",
            "exp_month": 8,
            "exp_year": 2034,
            "created_at": "2026-11-20T12:00:00.000Z",
        }
    )
    object: str = "card"
    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    created_at: Moment


class CardList(Schema):
    """All saved cards."""

    object: str = "list"
    data: list[CardOut]


@router.post(
    "/wallet/top-ups",
    response={201: TopUpOut},
    auth=WRITE,
    summary="Top your wallet up",
    openapi_extra=hints("bad_top_up", "no_payment_service", "not_found", key="required"),
)
def create_top_up(request: ApiRequest, wanted: TopUpIn) -> HttpResponse:
    """Answers a page where the amount is paid within 23 hours, or charges a saved card at once. Money is in the wallet
    when the state is `succeeded`; the event `topup.succeeded` tells it.
    """
    owner = request.auth.organization
    money = Money(wanted.amount_minor, wanted.currency or _currency(owner))
    key = key_of(request) or None

    def work() -> TopUpOut:
        if wanted.method == "checkout":
            return _shown(_page(owner, money, wanted, key))
        if wanted.card is None:
            raise Refused("bad_request", "name the card: GET /wallet/cards lists them")
        return _shown(actions.charge_card(owner, money, wanted.card, request_key=key))

    return once(request, work, body=wanted, status=201, required=True)


def _page(owner: Organization, money: Money, wanted: TopUpIn, key: str | None) -> TopUp:
    back = f"{settings.SIMPLANE.base_url}/hub/wallet/"
    try:
        return actions.start_checkout(
            owner,
            money,
            success_url=wanted.success_url or back,
            cancel_url=wanted.cancel_url or wanted.success_url or back,
            save_card=wanted.save_card,
            request_key=key,
        )
    except BadInput as told:
        raise Refused("bad_request", f"{told.message}: {told.fix}") from told


@router.get("/wallet/top-ups", response=Page[TopUpOut], auth=READ, summary="List top-ups")
def list_top_ups(request: ApiRequest, wanted: InQuery[Paging]) -> dict[str, Any]:
    """Newest first; bank transfers that we entered for you stand here too."""
    rows = queries.top_ups(request.auth.organization.pk)
    return page_of(rows, wanted, lambda found: [_shown(row) for row in found], by=None)


@router.get("/wallet/top-ups/{id}", response=TopUpOut, auth=READ, summary="Read a top-up")
def read_top_up(request: ApiRequest, id: Path[PublicId]) -> TopUpOut:
    """Its state now."""
    return _shown(queries.top_up(request.auth.organization.pk, id))


@router.get("/wallet/cards", response=CardList, auth=READ, summary="List saved cards")
def list_cards(request: ApiRequest) -> dict[str, Any]:
    """Cards that were saved while paying, or in the portal."""
    return {"data": [_card(row) for row in queries.cards(request.auth.organization.pk)]}


def _currency(owner: Organization) -> str:
    terms = terms_of(owner)
    return terms.currency if terms else "EUR"


def _shown(row: TopUp) -> TopUpOut:
    shown: dict[str, Any] = {"method": row.method, "state": row.state}
    return TopUpOut(
        id=row.public_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        url=(row.url or None) if row.state == TopUp.State.AWAITING else None,
        card=row.card.public_id if row.card else None,
        refunded_minor=row.refunded_minor,
        problem=row.problem or None,
        created_at=row.created_at,
        credited_at=row.credited_at,
        **shown,
    )


def _card(row: SavedCard) -> CardOut:
    return CardOut(
        id=row.public_id,
        brand=row.brand,
        last4=row.last4,
        exp_month=row.exp_month,
        exp_year=row.exp_year,
        created_at=row.created_at,
    )
