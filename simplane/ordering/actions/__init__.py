"""The verbs of ordering."""

from simplane.ordering.actions.accept import accept_order
from simplane.ordering.actions.accept_new import accept_new_many
from simplane.ordering.actions.clock import tell_customer, tick
from simplane.ordering.actions.compensate import compensate
from simplane.ordering.actions.decide_return import keep_sold, pay_back_anyway
from simplane.ordering.actions.fulfil import advance
from simplane.ordering.actions.hand_over import hand_over, message_sent
from simplane.ordering.actions.operate import (
    NotNow,
    ask_back,
    cancel_unit,
    hold_customer,
    hold_order,
    map_line,
    redact_customer,
    release_customer,
    release_order,
    retry_unit,
    send_again,
    take_back_disputed,
)
from simplane.ordering.actions.start import start

__all__ = [
    "NotNow",
    "accept_new_many",
    "accept_order",
    "advance",
    "ask_back",
    "cancel_unit",
    "compensate",
    "hand_over",
    "hold_customer",
    "hold_order",
    "keep_sold",
    "map_line",
    "message_sent",
    "pay_back_anyway",
    "redact_customer",
    "release_customer",
    "release_order",
    "retry_unit",
    "send_again",
    "start",
    "take_back_disputed",
    "tell_customer",
    "tick",
]
