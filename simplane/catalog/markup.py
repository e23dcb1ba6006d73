"""Prices made from costs by a rule that a person can read: `cost + 25 %, at least €0.50, rounded up to x.90`. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from simplane.catalog.errors import BadPrice
from simplane.core.errors import BadMoney
from simplane.core.money import Money, parse, precision

_ENDING = re.compile(r"^x(?P<tail>\d*(?:\.\d+)?)$")
MOST_PERCENT = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """Minor units of `currency`. The price is the least `n * step + ending` that the cost and the markup do not exceed."""

    currency: str
    percent: Decimal
    least_minor: int = 0
    step_minor: int = 1
    ending_minor: int = 0

    def price_of(self, cost: Money) -> Money:
        """What to ask for something of this cost (in the same currency). Exact until the one rounding, which is up."""
        if cost.currency != self.currency:
            raise BadMoney(f"a rule for {self.currency} does not price a cost in {cost.currency}")
        exact = cost.minor + max(cost.minor * Fraction(self.percent) / 100, Fraction(self.least_minor))
        steps = math.ceil((exact - self.ending_minor) / self.step_minor)
        return Money(max(steps, 0) * self.step_minor + self.ending_minor, self.currency)

    def __str__(self) -> str:
        words = [f"cost + {self.percent.normalize():f} %"]
        if self.least_minor:
            words.append(f"at least {Money(self.least_minor, self.currency).shown()}")
        if rounding := rounding_text(self):
            words.append(f"rounded up to {'' if rounding.startswith('x') else 'multiples of '}{rounding}")
        return ", ".join(words)


def markup(currency: str, percent: Decimal, least: str = "0", rounding: str = "") -> Markup:
    """A rule as people write it: percent, least amount, rounding (`x.90`, `x9.00`, `0.05`). Raises BadPrice, BadMoney."""
    if not percent.is_finite() or not 0 <= percent <= MOST_PERCENT or percent != percent.quantize(Decimal("0.01")):
        raise BadPrice(f"{percent} is no markup", fix="0 to 10,000 percent with at most two decimals")
    least_minor = parse(least or "0", currency).minor
    if least_minor < 0:
        raise BadPrice("a least markup is not negative")
    step, ending = parse_rounding(rounding, currency)
    return Markup(currency=currency, percent=percent, least_minor=least_minor, step_minor=step, ending_minor=ending)


def parse_rounding(text: str, currency: str) -> tuple[int, int]:
    """Step and ending in minor units: `x.90` -> (100, 90), `x9.00` -> (1000, 900), `0.05` -> (5, 0), `` -> (1, 0)."""
    written = text.strip().lower().replace(",", ".")
    if not written:
        return 1, 0
    found = _ENDING.match(written)
    if found is None:
        step = parse(written, currency).minor
        if step <= 0:
            raise BadPrice(f"{text!r} is no rounding", fix="write x.90 for an ending or 0.05 for multiples")
        return step, 0
    tail = found["tail"]
    if not tail:
        raise BadPrice(f"{text!r} has no ending", fix="write x.90 or x9.00")
    whole = len(tail.partition(".")[0])
    ending = parse(tail if whole else f"0{tail}", currency).minor
    return int(10 ** (whole + precision(currency))), ending


def rounding_text(rule: Markup) -> str:
    """The rounding as `parse_rounding` reads it; empty for none."""
    digits = precision(rule.currency)
    if rule.ending_minor:
        whole = len(str(rule.step_minor)) - 1 - digits
        text = str(Money(rule.ending_minor, rule.currency).decimal())
        head, dot, tail = text.partition(".")
        return f"x{head.zfill(whole) if whole else ''}{dot}{tail}"
    return "" if rule.step_minor == 1 else str(Money(rule.step_minor, rule.currency).decimal())
