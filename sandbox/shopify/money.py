"""Money as integer minor units; Shopify's two ways to write it."""

import re
from decimal import ROUND_HALF_UP, Decimal

from sandbox.kit.books import JsonObject

# https://www.iso.org/iso-4217-currency-codes.html: the ones that do not have two decimals
DIGITS = {"JPY": 0, "KRW": 0, "ISK": 0, "VND": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,6})?")


def digits(currency: str) -> int:
    """Decimals of a currency."""
    return DIGITS.get(currency, 2)


def parse_amount(text: object, currency: str) -> int:
    """Minor units of a decimal string such as "19.00". Raises ValueError for anything else, floats included."""
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str) or not AMOUNT.fullmatch(text):
        raise ValueError(f"an amount must be a decimal string like '19.00', not {text!r}")
    scaled = Decimal(text).scaleb(digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} has too many decimals for {currency}")
    return int(scaled)


def amount_text(minor: int, currency: str) -> str:
    """As webhooks write it: "19.00", "1900" for JPY."""
    places = digits(currency)
    if places == 0:
        return str(minor)
    sign, rest = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{rest // 10**places}.{rest % 10**places:0{places}d}"


def decimal_text(minor: int, currency: str) -> str:
    """As the GraphQL scalar Decimal writes it: "19.0", "55.4", "0.0"."""
    whole, _, fraction = amount_text(minor, currency).partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def convert(minor: int, currency: str, rate: str, target: str) -> int:
    """Minor units in another currency at `rate` target units per unit, half up."""
    exact = Decimal(minor).scaleb(-digits(currency)) * Decimal(rate)
    return int(exact.scaleb(digits(target)).to_integral_value(ROUND_HALF_UP))


def graphql_money(minor: int, currency: str) -> JsonObject:
    """A MoneyV2."""
    return {"amount": decimal_text(minor, currency), "currencyCode": currency}
