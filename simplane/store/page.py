"""What the pages say: facts and a language in, ready texts out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simplane.core.telecom import ActivationCode
from simplane.delivery import formats
from simplane.delivery.languages.shape import Guide, Language, StateTexts
from simplane.lines.models import Line
from simplane.lines.queries import activation_code
from simplane.ordering.models import Unit
from simplane.store.device import Device
from simplane.store.queries import UnitFacts
from simplane.store.states import WAITING, WITH_CODES, PageState, page_state


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLeft:
    """The data of a plan. `percent` is of what is left, None when that is not known or has no end."""

    text: str
    age: str
    percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGuide:
    """The steps for one kind of phone; `open` for the visitor's own."""

    guide: Guide
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPage:
    """Everything on the page of one eSIM. `code` is None when it may not be shown."""

    token: str
    state: PageState
    words: StateTexts
    waiting: bool
    several: str
    order_name: str
    plan: str
    code: ActivationCode | None
    confirmation: str
    """The confirmation code; empty where none is needed, known or to be shown."""
    apn: str
    device: Device
    guides: tuple[ShownGuide, ...]
    data: DataLeft | None
    days: str
    until_label: str
    until: str
    countries: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One eSIM on the page of an order. `token` is empty when it has no page of its own (yet, or any more)."""

    number: int
    several: str
    plan: str
    word: str
    open: str
    token: str
    withdrawn: bool


def state_of(facts: UnitFacts, now: datetime) -> PageState:
    """How one unit stands."""
    return page_state(facts.unit, order_is_late=facts.unit.order.clock_step > 0, now=now)


def unit_page(facts: UnitFacts, *, token: str, spoken: Language, device: Device, now: datetime) -> UnitPage:
    """Put the page of one unit together."""
    unit = facts.unit
    state = state_of(facts, now)
    line = unit.line if state not in WAITING else None
    may_install = line is not None and state in WITH_CODES
    label, until = _until(line, state, spoken)
    return UnitPage(
        token=token,
        state=state,
        words=words(state, spoken),
        waiting=state in WAITING,
        several=_several(facts, spoken),
        order_name=unit.order.name,
        plan=unit.product.name,
        code=activation_code(line) if line is not None and may_install else None,
        confirmation=(line.confirmation_code or "") if line is not None and may_install else "",
        apn=spoken.install.apn.format(apn=line.apn) if line is not None and line.apn and may_install else "",
        device=device,
        guides=_guides(spoken, device),
        data=_data(unit, line, spoken, now),
        days=_days(unit, spoken),
        until_label=label,
        until=until,
        countries=formats.countries(unit.product.countries, formats=spoken.formats),
    )


def order_rows(units: list[UnitFacts], tokens: dict[int, str], *, spoken: Language, now: datetime) -> list[OrderRow]:
    """The eSIMs of an order, one row each."""
    rows = []
    for facts in units:
        state = state_of(facts, now)
        token = tokens.get(facts.unit.pk, "")
        rows.append(
            OrderRow(
                number=facts.number,
                several=spoken.install.of_several.format(number=facts.number, count=facts.count),
                plan=facts.unit.product.name,
                word=words(state, spoken).word,
                open=spoken.page.open_unit.format(number=facts.number),
                token=token,
                withdrawn=not token and state in WITH_CODES,
            )
        )
    return rows


def words(state: PageState, spoken: Language) -> StateTexts:
    """The texts of a state."""
    found: StateTexts = getattr(spoken.page, state.value)
    return found


def _several(facts: UnitFacts, spoken: Language) -> str:
    if facts.count == 1:
        return ""
    return spoken.install.of_several.format(number=facts.number, count=facts.count)


def _guides(spoken: Language, device: Device) -> tuple[ShownGuide, ...]:
    kinds = {"iphone": spoken.install.iphone, "samsung": spoken.install.samsung, "android": spoken.install.android}
    own_first = sorted(kinds, key=lambda kind: kind != device.kind)
    return tuple(ShownGuide(guide=kinds[kind], open=kind == device.kind) for kind in own_first)


def _data(unit: Unit, line: Line | None, spoken: Language, now: datetime) -> DataLeft | None:
    if line is None:
        return None
    used, total = line.data_used, line.data_total
    age = _age(line, spoken, now)
    if total:
        base = formats.counting_base(total)
        whole = formats.data_amount(total, base=base, formats=spoken.formats)
        if used is None:
            return DataLeft(text=whole, age=age, percent=None)
        left = max(0, total - used)
        shown = formats.data_amount(left, base=base, formats=spoken.formats)
        return DataLeft(text=spoken.page.left_of.format(left=shown, total=whole), age=age, percent=left * 100 // total)
    text = spoken.page.unlimited if unit.product.data_bytes is None else _promised(unit, spoken)
    if used is not None:
        amount = formats.data_amount(used, base=1000, formats=spoken.formats)
        text = f"{text}, {spoken.page.used.format(used=amount)}"
    return DataLeft(text=text, age=age, percent=None)


def _promised(unit: Unit, spoken: Language) -> str:
    promised = unit.product.data_bytes
    assert promised is not None
    amount = formats.data_amount(promised, base=formats.counting_base(promised), formats=spoken.formats)
    return spoken.page.a_day.format(amount=amount) if unit.product.daily else amount


def _age(line: Line, spoken: Language, now: datetime) -> str:
    if line.data_used is None or line.usage_at is None:
        return spoken.page.not_measured
    age = formats.age(line.usage_at, now, formats=spoken.formats)
    return spoken.page.measured.format(age=age) if age else spoken.page.measured_now


def _days(unit: Unit, spoken: Language) -> str:
    days = unit.product.days
    text = (spoken.page.day if days == 1 else spoken.page.days).format(days=days)
    starts = {
        "install": spoken.page.from_install,
        "first_use": spoken.page.from_first_use,
        "purchase": spoken.page.from_purchase,
    }
    return f"{text}, {starts[unit.product.clock_start]}"


def _until(line: Line | None, state: PageState, spoken: Language) -> tuple[str, str]:
    if line is None:
        return "", ""
    if state in (PageState.EXPIRED, PageState.ENDED):
        over = line.ended_at or line.expires_at
        return spoken.page.ended_on, formats.minute(over, formats=spoken.formats) if over else ""
    if line.expires_at is None:
        return "", ""
    return spoken.page.valid_until, formats.minute(line.expires_at, formats=spoken.formats)
