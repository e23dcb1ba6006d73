"""Placing the orders of a basket for a member of an organization: the same SQL that serves the API."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from simplane.core import context
from simplane.core.batches import NotDone
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.hub.basket import Basket, BasketOrder
from simplane.ordering.placing import LineWanted, OrderWanted, Placed, place
from simplane.organizations.models import Organization, User
from simplane.organizations.portal import portal_key_hash

REFUSALS = {
    "unauthorized": "You may not order here (any more). Ask an owner of the account.",
    "account_applied": "The account is not approved yet. Until then, order in test mode.",
    "account_suspended": "The account is suspended. Write to us.",
    "rate_limited": "That were too many orders in a minute. Wait a little, then confirm the rest.",
    "key_reused": "This page was used for an order already. Look at your orders before you confirm again.",
    "no_wallet": "The account has no wallet in its currency. Write to us.",
    "no_price": "A product has no price any more. Take it out of the cart.",
    "unknown_sku": "A product is not sold any more. Take it out of the cart.",
    "order_too_large": "This order is larger than agreed. Split it, or write to us.",
    "insufficient_funds": "The wallet does not cover this order. Top it up, or order less.",
    "unavailable": "It is not certain that the order was placed. Confirm again: it is never placed twice.",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """For orders without a reference or e-mail of their own, what the person typed at checkout."""

    reference: str = ""
    email: str = ""
    name: str = ""
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order. `public_id`: it is placed; else `problem` says why not and what to do."""

    order: BasketOrder
    public_id: str = ""
    fresh: bool = False
    """False: it was placed before, by the same page."""
    problem: str = ""


def place_all(
    basket: Basket, organization: Organization, user: User, recipient: Recipient, address: str
) -> list[Outcome]:
    """Place each order in a commit of its own; what can not be placed changes nothing. Safe to repeat."""
    key_hash = portal_key_hash(organization, user)
    wanted = [_wanted(basket, place, recipient, key_hash, address) for place in range(len(basket.orders))]
    return [_placed(order, one) for order, one in zip(basket.orders, wanted, strict=True)]


def _wanted(basket: Basket, number: int, recipient: Recipient, key_hash: bytes, address: str) -> OrderWanted:
    order = basket.orders[number]
    asked = json.dumps([asdict(order), asdict(recipient)], sort_keys=True)
    return OrderWanted(
        key_hash=key_hash,
        address=address or "0.0.0.0",  # noqa: S104  no address is known on a socket file
        idempotency_key=f"portal-{basket.token}-{number}",
        request_hash=hashlib.sha256(asked.encode()).digest(),
        public_id=new_id("ord"),
        lines=tuple(LineWanted(line.sku, line.quantity, line.most_minor) for line in order.lines),
        reference=order.reference or recipient.reference or None,
        email=order.email or recipient.email,
        name=recipient.name,
        locale=recipient.locale,
        request_id=context.request_id(),
    )


def _placed(order: BasketOrder, wanted: OrderWanted) -> Outcome:
    try:
        placed = place(wanted)
    except NotDone:
        return Outcome(order, problem=REFUSALS["unavailable"])
    told: dict[str, Any] = json.loads(placed.body) if placed.body else {}
    if placed.status == 201:
        return Outcome(order, public_id=told["id"], fresh=placed.code == "created")
    return Outcome(order, problem=problem(placed, told.get("code", placed.code)))


def problem(placed: Placed, code: str) -> str:
    """Why an order was refused, in words for the one who ordered."""
    detail = placed.detail or {}
    if code == "price_above_max":
        risen = [
            f"{line['sku']} from {Money(line['max_price_minor'], detail['currency'])} to"
            f" {Money(line['price_minor'], detail['currency'])}"
            for line in detail["lines"]
        ]
        return f"Prices rose since you looked: {', '.join(risen)}. Nothing was ordered; confirm again if you agree."
    if code == "reference_taken":
        return f"An order with the reference {detail['reference']} exists already. Use another one."
    return REFUSALS.get(code, f"The order was refused ({code}). Write to us.")
