"""Our states in the words of the API: fewer, and never a new one without a new version."""

from __future__ import annotations

from typing import Literal

from django.db.models import Case, Q, Value, When

from simplane.lines.models import PlanState, ProfileState, ServiceState
from simplane.ordering import states
from simplane.ordering.models import Order, Unit

UnitWord = Literal["waiting", "buying", "delayed", "ready", "delivered", "failed", "cancelled", "refunded"]
OrderWord = Literal["open", "held", "done", "cancelled"]
EsimWord = Literal["ready", "installed", "active", "depleted", "suspended", "ended"]
U = Unit.State
UNIT_WORDS: dict[str, UnitWord] = {
    U.WAITING: "waiting",
    U.ROUTED: "waiting",
    U.BUYING: "buying",
    U.PENDING: "buying",
    U.UNKNOWN: "buying",
    U.DEAD: "delayed",
    U.READY: "ready",
    U.DELIVERED: "delivered",
    U.FAILED: "failed",
    U.CANCELLED: "cancelled",
    U.REFUNDED: "refunded",
}
UNIT_MEANING = (
    "`waiting` nothing is bought yet, `buying` a supplier was asked, `delayed` a person of ours looks at it, `ready`"
    " bought and being handed over, `delivered`, and without an eSIM: `failed`, `cancelled`, `refunded`."
)
ESIM_MEANING = (
    "`ready` to install, `installed`, `active` its plan runs, `depleted` its data is used up, `suspended`, `ended`."
)
ORDER_WORDS: dict[str, OrderWord] = {
    Order.State.AWAITING_PAYMENT: "held",
    Order.State.HELD: "held",
    Order.State.OPEN: "open",
    Order.State.DONE: "done",
    Order.State.CANCELLED: "cancelled",
}
_INSTALLED = [ProfileState.INSTALLED, ProfileState.ENABLED, ProfileState.DISABLED]
_ENDED = (
    Q(state__in=states.GONE)
    | Q(line__service_state=ServiceState.TERMINATED)
    | Q(line__ended_at__isnull=False)
    | Q(line__plan_state=PlanState.EXPIRED)
)
ESIM_STATE = Case(
    When(_ENDED, then=Value("ended")),
    When(line__service_state=ServiceState.SUSPENDED, then=Value("suspended")),
    When(line__plan_state=PlanState.DEPLETED, then=Value("depleted")),
    When(line__plan_state=PlanState.ACTIVE, then=Value("active")),
    When(line__profile_state__in=_INSTALLED, then=Value("installed")),
    default=Value("ready"),
)
"""The state of a unit's eSIM in one word, as a part of a query."""


def order_states(word: OrderWord) -> list[str]:
    """Our states that this word stands for."""
    return [ours for ours, theirs in ORDER_WORDS.items() if theirs == word]
