"""Money: integer minor units and an ISO 4217 currency. Never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, is_currency

from simplane.core.errors import BadMoney


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`minor` counts the currency's smallest unit: 1900 EUR is 19.00, 1900 JPY is 1,900, 1900 KWD is 1.900."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise BadMoney(f"{self.currency} and {other.currency} can not be added", fix="convert one of them first")

    def decimal(self) -> Decimal:
        """The amount in whole units with all its decimals: `Decimal("19.00")`."""
        digits = precision(self.currency)
        return Decimal(self.minor).scaleb(-digits).quantize(Decimal(1).scaleb(-digits))

    def shown(self, locale: str = "en") -> str:
        """For people: `€19.00` or `19,00 €`. Babel gets an exact decimal and never rounds it."""
        text: str = format_currency(self.decimal(), self.currency, locale=locale, currency_digits=True)
        return text


@lru_cache(maxsize=256)
def precision(currency: str) -> int:
    """Decimals of a currency (EUR 2, JPY 0, KWD 3). Raises BadMoney for an unknown code."""
    if not is_currency(currency):
        raise BadMoney(f"{currency!r} is not an ISO 4217 currency", fix="send a three-letter code such as EUR")
    digits: int = get_currency_precision(currency)
    return digits


def parse(text: str | int | Decimal, currency: str) -> Money:
    """A decimal text as money, exactly. Raises BadMoney when it is no number or has too many decimals."""
    value = _decimal(text)
    minor = value.scaleb(precision(currency))
    if minor != minor.to_integral_value():
        raise BadMoney(f"{text} has more decimals than {currency} knows", fix="round it before sending")
    return Money(int(minor), currency)


def rounded(text: str | int | Decimal, currency: str, *, up: bool = False) -> Money:
    """A decimal text as money, rounded half up (or up, for costs that must not look smaller than they are)."""
    minor = _decimal(text).scaleb(precision(currency))
    return Money(int(minor.to_integral_value(ROUND_UP if up else ROUND_HALF_UP)), currency)


def _decimal(text: str | int | Decimal) -> Decimal:
    if isinstance(text, float):
        raise BadMoney("a float is never money", fix="parse the text of the number as Decimal")
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError, TypeError):
        raise BadMoney(f"{text!r} is not an amount", fix="send a decimal number such as 19.00") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise BadMoney(f"{text!r} is not a possible amount", fix="send a finite decimal number")
    return value
