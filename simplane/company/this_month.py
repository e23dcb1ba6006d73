"""What the company used and spent this month, and what both will come to, as far as a member sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simplane.company.reach import led_by
from simplane.company.shell import CompanyRequest
from simplane.company.spend import spent_this_month
from simplane.core.money import Money
from simplane.ui.templatetags.show import size
from simplane.usage.forecast import Forecast
from simplane.usage.foresight import spend_at_month_end, usage_at_month_end
from simplane.usage.queries import freshness, month_to_date_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ThisMonth:
    """Bytes, minor units by currency (None: not for this role), and the likely end in words; empty: nothing to say."""

    used: int
    measured: datetime | None = None
    used_at_end: str = ""
    spent: list[tuple[int, str]] | None = None
    spent_at_end: str = ""


def this_month(request: CompanyRequest) -> ThisMonth:
    """A manager's are the teams they lead, without a forecast."""
    spent = spent_this_month(request) if request.company.may("spend:read") else None
    if request.company.narrow:
        led = led_by(request.company).values_list("pk", flat=True)
        return ThisMonth(used=sum(month_to_date_of("team", led).values()), spent=spent)
    usage = usage_at_month_end()
    money = ""
    if spent and len(spent) == 1:
        currency = spent[0][1]
        money = _end(spend_at_month_end(currency), lambda minor: Money(minor, currency).shown())
    return ThisMonth(
        used=usage.so_far, measured=freshness().newest, used_at_end=_end(usage, size), spent=spent, spent_at_end=money
    )


def _end(foreseen: Forecast, shown: Callable[[int], str]) -> str:
    if foreseen.low is None or foreseen.high is None:
        return ""
    return f"{shown(foreseen.low)} to {shown(foreseen.high)} at its end"
