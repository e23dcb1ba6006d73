"""Exchange of money for comparing, never for booking. Exact until the one rounding at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from simplane.catalog.errors import NoRate
from simplane.core.money import Money, precision


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates in force: units of the second currency for one of the first, by (base, quote)."""

    pairs: Mapping[tuple[str, str], Decimal]

    def between(self, base: str, quote: str) -> Fraction | None:
        """Units of `quote` for one `base`: the rate itself, its inverse, or two steps through a third currency."""
        straight = self._straight(base, quote)
        if straight is not None:
            return straight
        for middle in sorted({currency for pair in self.pairs for currency in pair}):
            first, second = self._straight(base, middle), self._straight(middle, quote)
            if first is not None and second is not None:
                return first * second
        return None

    def convert(self, money: Money, currency: str, *, up: bool = False) -> Money:
        """The same worth in another currency, rounded once: half up, or up when `up` (costs must not look smaller).

        Raises NoRate.
        """
        rate = self.between(money.currency, currency)
        if rate is None:
            raise NoRate(
                f"no exchange rate leads from {money.currency} to {currency}",
                fix=f"set one: {money.currency}/{currency}",
            )
        return Money(exchanged(money.minor, rate, precision(currency) - precision(money.currency), up=up), currency)

    def _straight(self, base: str, quote: str) -> Fraction | None:
        if base == quote:
            return Fraction(1)
        if (base, quote) in self.pairs:
            return Fraction(self.pairs[base, quote])
        if (quote, base) in self.pairs:
            return 1 / Fraction(self.pairs[quote, base])
        return None


def exchanged(minor: int, rate: Fraction, more_digits: int, *, up: bool) -> int:
    """Minor units after the exchange. `more_digits`: decimals of the target currency minus those of the source."""
    exact = minor * rate * Fraction(10) ** more_digits
    return math.ceil(exact) if up else math.floor(exact + Fraction(1, 2))
