"""What a refund of units means at the shop: the money it suggests, and the input that moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simplane.channels.shopify.answers import user_errors
from simplane.channels.shopify.operations import gid
from simplane.channels.shopify.text import JSON, BadBody, amount, member, number_id, objects, text
from simplane.core.money import Money

Verdict = Literal["done", "busy", "mismatch", "failed_before", "refused"]
_CODES: dict[str, Verdict] = {
    "IDEMPOTENCY_CONCURRENT_REQUEST": "busy",
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": "mismatch",
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": "failed_before",
}
"""https://shopify.dev/docs/api/usage/implementing-idempotency"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the shop would give back for some units now."""

    amount: Money
    """In the shop's currency."""
    shown: Money
    """The same in the buyer's currency, in which it is paid back."""
    transactions: tuple[tuple[str, str, Money], ...]
    """(parent transaction id, gateway, amount in the buyer's currency)"""

    def part(self, wanted: Money) -> Suggestion | None:
        """A part of this, taken from the oldest payments first. None: there is not so much of it, or another currency."""
        if wanted.currency != self.amount.currency or not 0 < wanted.minor <= self.amount.minor:
            return None
        left = (self.shown.minor * wanted.minor * 2 + self.amount.minor) // (2 * self.amount.minor)
        shown, parts = Money(left, self.shown.currency), []
        for parent, gateway, money in self.transactions:
            taken = min(left, money.minor)
            left -= taken
            if taken:
                parts.append((parent, gateway, Money(taken, money.currency)))
        return None if left else Suggestion(wanted, shown, tuple(parts))


@dataclass(frozen=True, slots=True)
class Look:
    """An order's refunds as they stand."""

    made: Mapping[str, str]
    """Refund id -> note of those that exist."""
    suggestion: Suggestion | None
    """None: nothing is left to give back for the units asked about."""

    def made_with(self, mark: str) -> str:
        """The id of the refund whose note holds this mark; empty: none."""
        return next((refund_id for refund_id, note in self.made.items() if mark in note), "")


def line_inputs(lines: Mapping[str, int]) -> list[dict[str, Any]]:
    """RefundLineItemInput of units by line id; an eSIM is never put back into stock."""
    return [
        {"lineItemId": gid("LineItem", line), "quantity": units, "restockType": "NO_RESTOCK"}
        for line, units in sorted(lines.items())
    ]


def look(data: JSON) -> Look:
    """The answer to SuggestedRefund. Raises BadBody when the shop shows no such order."""
    order = member(data, "order")
    if not order:
        raise BadBody("the shop shows no such order")
    made = {text(one.get("id"), 120): text(one.get("note"), 500) for one in objects(order, "refunds")}
    return Look(made, _suggestion(order))


def _suggestion(order: JSON) -> Suggestion | None:
    found = member(order, "suggestedRefund")
    if not found:
        return None
    shop, shown = text(order.get("currencyCode"), 3), text(order.get("presentmentCurrencyCode"), 3)
    transactions = [
        (
            number_id(member(one, "parentTransaction").get("id"), "a payment"),
            text(one.get("gateway"), 60),
            _side(one, "presentmentMoney", shown),
        )
        for one in objects(found, "suggestedTransactions")
    ]
    return Suggestion(
        _side(found, "shopMoney", shop),
        _side(found, "presentmentMoney", shown),
        tuple(one for one in transactions if one[2].minor > 0),
    )


def _side(node: JSON, side: str, currency: str) -> Money:
    return amount(member(member(node, "amountSet"), side).get("amount"), currency, "amount")


def build(external_order: str, lines: Mapping[str, int], found: Suggestion, note: str) -> dict[str, Any]:
    """RefundInput. The currency is the buyer's, as the shop wants it where the two differ."""
    order = gid("Order", external_order)
    return {
        "orderId": order,
        "currency": found.shown.currency,
        "note": note,
        "notify": False,
        "refundLineItems": line_inputs(lines),
        "transactions": [
            {
                "orderId": order,
                "parentId": gid("OrderTransaction", parent),
                "gateway": gateway,
                "kind": "REFUND",
                "amount": str(money.decimal()),
            }
            for parent, gateway, money in found.transactions
        ],
    }


def verdict(payload: JSON) -> tuple[Verdict, str]:
    """What a refundCreate payload says, and the refund's id or the shop's words."""
    errors = user_errors(payload)
    for code, meaning in _CODES.items():
        if any(code in error for error in errors) or any(
            one.get("code") == code for one in objects(payload, "userErrors")
        ):
            return meaning, code
    made = text(member(payload, "refund").get("id"), 120)
    if made and not errors:
        return "done", made
    return "refused", "; ".join(errors) or "no refund was made and no reason given"


def paid_back(request: JSON) -> Money:
    """The sum a RefundInput moves, in its currency."""
    currency = text(request.get("currency"), 3)
    parts = [amount(one.get("amount"), currency, "amount").minor for one in objects(request, "transactions")]
    return Money(sum(parts), currency)
