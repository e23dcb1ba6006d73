"""Amounts as Stripe counts them, which differs from ISO 4217 for a few currencies."""

from __future__ import annotations

from decimal import Decimal

from simplane.core.money import Money, precision
from simplane.payments.errors import BadTopUp

ZERO = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
WHOLE = frozenset(("ISK", "UGX"))
"""Written with two decimals that must be 00."""
# https://docs.stripe.com/currencies


def digits(currency: str) -> int:
    """Decimals of a currency at Stripe."""
    return 0 if currency in ZERO else 3 if currency in THREE else 2


def to_stripe(money: Money) -> int:
    """Stripe's number for an amount. Raises BadTopUp for one that Stripe can not take: 0.005 KWD."""
    value = money.decimal().scaleb(digits(money.currency))
    grain = 100 if money.currency in WHOLE else 10 if money.currency in THREE else 1
    if value != value.to_integral_value() or int(value) % grain:
        raise BadTopUp(f"{money} can not be paid by card", fix="choose a rounder amount")
    return int(value)


def from_stripe(amount: int, currency: str) -> Money:
    """Money for Stripe's number; `currency` as Stripe writes it, in small letters. Raises BadMoney, BadTopUp."""
    code = currency.upper()
    minor = Decimal(amount).scaleb(precision(code) - digits(code))
    if minor != minor.to_integral_value():
        raise BadTopUp(f"{amount} {code} of Stripe has more decimals than the currency")
    return Money(int(minor), code)
