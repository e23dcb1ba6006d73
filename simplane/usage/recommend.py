"""What a company could do to pay less, with the money it saves and the deed that does it.

Pure: plans, lines and their past months come in, suggestions go out, dearest first. Amounts are minor units of one currency a
month; plans of another currency or of other countries are never compared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from simplane.core.money import Money
from simplane.ui.templatetags.show import size

ROOM = 1.2
"""A smaller plan must hold the largest past month and a fifth more."""
LEAST_MONTHS = 2
UNUSED_AFTER = timedelta(days=45)
POOL_FROM = 3
Kind = Literal["smaller_plan", "unused_line", "pool", "other_supplier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """A plan that may be had, at its price a month."""

    public_id: str
    name: str
    supplier: str
    price_minor: int
    currency: str
    data_bytes: int | None
    countries: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A running line. `months`: bytes of its last whole months, newest last."""

    public_id: str
    label: str
    plan: PlanFacts
    months: tuple[int, ...]
    countries: frozenset[str]
    """Where it was used in those months."""
    since: datetime
    last_use_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What to ask of the fleet, as its verbs take it; `ask_us`: no supplier sells it by machine."""

    verb: Literal["change_plan", "terminate", "ask_us"]
    lines: tuple[str, ...]
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One thing to do. `saves_minor` a month."""

    kind: Kind
    words: str
    saves_minor: int
    currency: str
    deed: Deed


def suggestions(lines: Sequence[LineFacts], plans: Sequence[PlanFacts], now: datetime) -> tuple[Suggestion, ...]:
    """At most one a line, the one that saves most. Lines for which alone nothing can be done may share, if their plan is one."""
    single = {line.public_id: found for line in lines if (found := _for_line(line, plans, now)) is not None}
    every = [*single.values(), *_pools([line for line in lines if line.public_id not in single])]
    return tuple(sorted(every, key=lambda one: (-one.saves_minor, one.words)))


def _for_line(line: LineFacts, plans: Sequence[PlanFacts], now: datetime) -> Suggestion | None:
    unused = _unused(line, now)
    if unused is not None:
        return unused
    if len(line.months) < LEAST_MONTHS:
        return None
    fitting = [one for one in plans if _fits(line, one)]
    best = min(fitting, key=lambda one: (one.price_minor, one.public_id), default=None)
    return _change(line, best) if best is not None else None


def _unused(line: LineFacts, now: datetime) -> Suggestion | None:
    quiet_since = line.last_use_at or line.since
    if now - quiet_since < UNUSED_AFTER or line.plan.price_minor <= 0:
        return None
    when = f"since {quiet_since:%d %B %Y}" if line.last_use_at else "at all"
    price = Money(line.plan.price_minor, line.plan.currency).shown()
    return Suggestion(
        kind="unused_line",
        words=f"{line.label} was not used {when}. Ending it saves {price} a month.",
        saves_minor=line.plan.price_minor,
        currency=line.plan.currency,
        deed=Deed(verb="terminate", lines=(line.public_id,)),
    )


def _fits(line: LineFacts, plan: PlanFacts) -> bool:
    """Cheaper, works wherever the line was used, and holds its largest month with room."""
    comparable = plan.currency == line.plan.currency and plan.public_id != line.plan.public_id
    enough = plan.data_bytes is None or plan.data_bytes >= max(line.months) * ROOM
    return comparable and enough and plan.price_minor < line.plan.price_minor and plan.countries >= _needed(line)


def _needed(line: LineFacts) -> frozenset[str]:
    """Where it was used; a line that was used nowhere keeps all its countries."""
    return line.countries or line.plan.countries


def _change(line: LineFacts, plan: PlanFacts) -> Suggestion:
    saves = line.plan.price_minor - plan.price_minor
    same_data = plan.data_bytes is None or (line.plan.data_bytes or plan.data_bytes + 1) <= plan.data_bytes
    other = same_data and plan.supplier != line.plan.supplier
    most, price = size(max(line.months)), Money(saves, plan.currency).shown()
    why = "is the same for less from another supplier" if other else f"holds its largest month ({most}) with room"
    return Suggestion(
        kind="other_supplier" if other else "smaller_plan",
        words=f"{line.label}: {plan.name} {why}. It saves {price} a month.",
        saves_minor=saves,
        currency=plan.currency,
        deed=Deed(verb="change_plan", lines=(line.public_id,), plan=plan.public_id),
    )


def _pools(lines: Sequence[LineFacts]) -> list[Suggestion]:
    by_plan: dict[str, list[LineFacts]] = defaultdict(list)
    for line in lines:
        if len(line.months) >= LEAST_MONTHS:
            by_plan[line.plan.public_id].append(line)
    return [one for group in by_plan.values() if len(group) >= POOL_FROM and (one := _pool(group)) is not None]


def _pool(lines: Sequence[LineFacts]) -> Suggestion | None:
    """Lines whose large months are not the same months: together they need less than each pays for."""
    plan, together = lines[0].plan, _largest_month(lines)
    if not plan.data_bytes:
        return None
    needed = max(1, math.ceil(together * ROOM / plan.data_bytes))
    saves = (len(lines) - needed) * plan.price_minor
    if saves <= 0:
        return None
    paid, price = size(plan.data_bytes * len(lines)), Money(saves, plan.currency).shown()
    return Suggestion(
        kind="pool",
        words=f"{len(lines)} lines on {plan.name} used at most {size(together)} together in a month, of the {paid} they pay"
        f" for. If they shared, {needed} of these plans would hold it: that saves up to {price} a month.",
        saves_minor=saves,
        currency=plan.currency,
        deed=Deed(verb="ask_us", lines=tuple(line.public_id for line in lines), plan=plan.public_id),
    )


def _largest_month(lines: Sequence[LineFacts]) -> int:
    """Of all together: months are counted back from the last."""
    most = max(len(line.months) for line in lines)
    return max(sum(line.months[-back] for line in lines if len(line.months) >= back) for back in range(1, most + 1))
