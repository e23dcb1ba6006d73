"""What Stripe says about a payment now, as plain values: read once at the edge, judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simplane.core.money import Money
from simplane.payments.gateway import Gateway
from simplane.payments.units import from_stripe

Json = dict[str, Any]
TOP_UP, REFUND, SETUP = "simplane_top_up", "simplane_refund", "simplane_card_setup"
"""Our ids in Stripe's metadata."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A balance transaction: what a fact brought or took at Stripe, in the currency it was settled in."""

    id: str
    amount: Money
    fee: Money


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card that was saved to the customer."""

    stripe_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """One refund. `back`: the movement that brought the money back to us when it failed."""

    stripe_id: str
    status: str
    amount: Money
    ours: str
    problem: str
    movement: Movement | None
    back: Movement | None


@dataclass(frozen=True, slots=True)
class DisputeSeen:
    """One dispute and every movement it caused, oldest first."""

    stripe_id: str
    status: str
    reason: str
    amount: Money
    answer_by: int | None
    movements: tuple[Movement, ...]


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment intent, its last charge, refunds and disputes."""

    intent_id: str
    status: str
    received: Money
    ours: str
    live: bool
    problem: str
    charge_id: str
    charged: bool
    movement: Movement | None
    card: CardSeen | None
    refunds: tuple[RefundSeen, ...] = ()
    disputes: tuple[DisputeSeen, ...] = ()


def look(gateway: Gateway, intent_id: str) -> PaymentSeen:
    """Ask for everything about a payment. Raises CallFailed."""
    intent = gateway.intent(intent_id)
    if not (intent.get("latest_charge") or {}).get("paid"):
        return payment(intent, [], [])
    return payment(intent, gateway.refunds_of(intent_id), gateway.disputes_of(intent_id))


def payment(intent: Json, refunds: list[Json], disputes: list[Json]) -> PaymentSeen:
    """Stripe's objects as values. Amounts that our currencies can not hold raise BadTopUp."""
    charge: Json = intent.get("latest_charge") or {}
    return PaymentSeen(
        intent_id=intent["id"],
        status=intent["status"],
        received=from_stripe(intent.get("amount_received") or 0, intent["currency"]),
        ours=(intent.get("metadata") or {}).get(TOP_UP, ""),
        live=bool(intent.get("livemode")),
        problem=str((intent.get("last_payment_error") or {}).get("message") or ""),
        charge_id=str(charge.get("id") or ""),
        charged=bool(charge.get("paid")),
        movement=movement(charge.get("balance_transaction")),
        card=_saved(intent),
        refunds=tuple(_refund(one) for one in refunds),
        disputes=tuple(_dispute(one) for one in disputes),
    )


def movement(found: Any) -> Movement | None:
    """A balance transaction, or None while Stripe has none (or names only its id)."""
    if not isinstance(found, dict):
        return None
    currency = found["currency"]
    return Movement(found["id"], from_stripe(found["amount"], currency), from_stripe(found["fee"], currency))


def card(method: Any) -> CardSeen | None:
    """A payment method that is a card."""
    if not isinstance(method, dict) or method.get("type") != "card":
        return None
    shown = method["card"]
    return CardSeen(method["id"], shown["brand"], shown["last4"], shown["exp_month"], shown["exp_year"])


def _saved(intent: Json) -> CardSeen | None:
    return card(intent.get("payment_method")) if intent.get("setup_future_usage") == "off_session" else None


def _refund(one: Json) -> RefundSeen:
    return RefundSeen(
        stripe_id=one["id"],
        status=str(one.get("status") or "pending"),
        amount=from_stripe(one["amount"], one["currency"]),
        ours=(one.get("metadata") or {}).get(REFUND, ""),
        problem=str(one.get("failure_reason") or ""),
        movement=movement(one.get("balance_transaction")),
        back=movement(one.get("failure_balance_transaction")),
    )


def _dispute(one: Json) -> DisputeSeen:
    found = [movement(entry) for entry in one.get("balance_transactions") or ()]
    return DisputeSeen(
        stripe_id=one["id"],
        status=one["status"],
        reason=str(one.get("reason") or ""),
        amount=from_stripe(one["amount"], one["currency"]),
        answer_by=(one.get("evidence_details") or {}).get("due_by"),
        movements=tuple(entry for entry in found if entry is not None),
    )
