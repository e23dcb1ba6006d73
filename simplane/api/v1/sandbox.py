"""/sandbox: what only a test key may do, to try out what seldom happens."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import Field

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest, Scope
from simplane.api.v1.hints import hints
from simplane.api.v1.idempotency import key_of, once
from simplane.api.v1.values import Wanted, examples
from simplane.api.v1.wallet import WalletOut, wallet_shown
from simplane.catalog.wholesale import terms_of
from simplane.core.db import transaction
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.ledger.actions import pay_in_play_money
from simplane.organizations.models import Organization

router = Router(tags=["Sandbox"])
MOST_MINOR = 10**9
FAULTS = {
    "timeout": "the supplier does not answer: the unit is `buying` until it was looked up, and is never bought twice",
    "refusal": "the supplier refuses: another one is asked, or the unit becomes `delayed`",
    "late": "the supplier takes long: the unit is `buying` for a while, then `delivered`",
    "low_data": "the eSIM's data is nearly used up as soon as it is delivered",
}


class FaultOut(Schema):
    """A fault that a test order can ask for."""

    name: str
    meaning: str


class FaultsOut(Schema):
    """All of them."""

    model_config = examples({"object": "list", "data": [{"name": name, "meaning": FAULTS[name]} for name in FAULTS]})
    object: str = "list"
    data: list[FaultOut]


class FundsIn(Wanted):
    """Play money."""

    model_config = Wanted.model_config | examples({"amount_minor": 100000})
    amount_minor: Annotated[int, Field(ge=1, le=MOST_MINOR, description="In your currency.")]


@router.get(
    "/sandbox/faults",
    response=FaultsOut,
    auth=Scope("catalogue:read"),
    summary="List faults",
    openapi_extra=hints("test_only"),
)
def list_faults(request: ApiRequest) -> dict[str, Any]:
    """What can be written as `test_fault` into POST /orders with a test key."""
    _only_test(request.auth.organization)
    return {"data": [{"name": name, "meaning": meaning} for name, meaning in FAULTS.items()]}


@router.post(
    "/sandbox/funds",
    response={201: WalletOut},
    auth=Scope("wallet:write"),
    summary="Get play money",
    openapi_extra=hints("test_only", key="optional"),
)
def add_funds(request: ApiRequest, wanted: FundsIn) -> HttpResponse:
    """Put play money into the test wallet."""
    owner = request.auth.organization
    _only_test(owner)
    name = key_of(request) or new_id("fnd")

    def work() -> WalletOut:
        _fund(owner, wanted, name)
        return WalletOut.model_validate(wallet_shown(owner))

    return once(request, work, body=wanted, status=201)


def _only_test(owner: Organization) -> None:
    if not owner.is_test:
        raise Refused("test_only")


def _fund(owner: Organization, wanted: FundsIn, name: str) -> None:
    terms = terms_of(owner)
    money = Money(wanted.amount_minor, terms.currency if terms else "EUR")
    with transaction():
        pay_in_play_money(owner, money, name)
