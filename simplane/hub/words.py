"""How orders and eSIMs stand, in a reseller's words. Which supplier is asked, and why, is our own business."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.lines.models import Line
from simplane.lines.queries import is_over
from simplane.ordering import states
from simplane.ordering.models import Compensation, Order, Unit

S = Unit.State


@dataclass(frozen=True, slots=True)
class Word:
    """A state as a tone (ok, wait, warn, bad, idle) and a word, with what it means where that helps."""

    tone: str
    word: str
    meaning: str = ""


_UNITS = {
    S.WAITING: Word("wait", "queued"),
    S.ROUTED: Word("wait", "queued"),
    S.BUYING: Word("wait", "being made"),
    S.PENDING: Word("wait", "being made"),
    S.UNKNOWN: Word("warn", "being checked", "an answer got lost: we find out whether the eSIM exists"),
    S.READY: Word("ok", "ready", "the mail is on its way"),
    S.DELIVERED: Word("ok", "delivered"),
    S.DEAD: Word("warn", "delayed", "one of us looks at it"),
    S.FAILED: Word("bad", "not delivered", "its price is back in your wallet"),
    S.CANCELLED: Word("idle", "cancelled", "its price is back in your wallet"),
    S.REFUNDED: Word("idle", "refunded", "its price is back in your wallet"),
}
_ORDERS = {
    Order.State.AWAITING_PAYMENT: Word("wait", "awaiting payment"),
    Order.State.HELD: Word("warn", "on hold", "one of us looks at it"),
    Order.State.OPEN: Word("wait", "in progress"),
    Order.State.DONE: Word("ok", "delivered"),
    Order.State.CANCELLED: Word("bad", "not delivered"),
}


def unit_word(unit: Unit, compensation: Compensation | None) -> Word:
    """How one eSIM stands. `compensation`: a cancel after it was issued, if there was one."""
    if unit.cancel_wanted or (compensation and compensation.state == Compensation.State.OPEN):
        return Word("wait", "being cancelled", "the supplier is asked")
    return _UNITS[S(unit.state)]


def order_word(order: Order) -> Word:
    """How an order stands."""
    if order.state == Order.State.OPEN and order.clock_step:
        return Word("warn", "late", "it takes longer than promised")
    return _ORDERS[Order.State(order.state)]


def filter_choices() -> list[tuple[str, str]]:
    """States of orders that a reseller can look for."""
    wanted = (Order.State.OPEN, Order.State.DONE, Order.State.CANCELLED, Order.State.HELD)
    return [(state.value, _ORDERS[state].word) for state in wanted]


def changing(unit: Unit, compensation: Compensation | None) -> bool:
    """Whether it will change by itself, so that the page looks again."""
    if unit.cancel_wanted or (compensation and compensation.state == Compensation.State.OPEN):
        return True
    return unit.state not in states.ENDED


def usable(unit: Unit) -> bool:
    """Whether its activation code may be shown: it is here, and not taken back."""
    return unit.line_id is not None and unit.state in (S.READY, S.DELIVERED) and not unit.cancel_wanted


def used(line: Line) -> bool:
    """Whether it is on a phone, used data or has ended, as far as we were told: then no supplier takes it back."""
    return line.installed_at is not None or bool(line.data_used) or is_over(line)
