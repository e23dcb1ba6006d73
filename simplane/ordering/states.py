"""The moves a unit may make, one table. Everything else is an IllegalMove."""

from __future__ import annotations

from simplane.core.errors import IllegalMove
from simplane.ordering.models import Unit
from simplane.suppliers.models import Purchase

S = Unit.State

MOVES: dict[str, frozenset[str]] = {
    S.WAITING: frozenset({S.ROUTED, S.DEAD, S.CANCELLED, S.REFUNDED, S.FAILED}),
    S.ROUTED: frozenset({S.BUYING, S.WAITING, S.CANCELLED, S.REFUNDED}),
    S.BUYING: frozenset({S.READY, S.PENDING, S.UNKNOWN, S.WAITING, S.DEAD, S.CANCELLED, S.REFUNDED, S.FAILED}),
    S.PENDING: frozenset({S.READY, S.WAITING, S.UNKNOWN, S.DEAD, S.CANCELLED, S.REFUNDED, S.FAILED}),
    S.UNKNOWN: frozenset({S.READY, S.PENDING, S.WAITING, S.DEAD, S.CANCELLED, S.REFUNDED, S.FAILED}),
    S.READY: frozenset({S.DELIVERED, S.CANCELLED, S.REFUNDED, S.FAILED}),
    S.DELIVERED: frozenset({S.CANCELLED, S.REFUNDED, S.FAILED}),
    S.DEAD: frozenset({S.WAITING, S.UNKNOWN, S.PENDING, S.FAILED, S.CANCELLED, S.REFUNDED}),
    S.FAILED: frozenset({S.CANCELLED, S.REFUNDED, S.WAITING}),
    S.CANCELLED: frozenset(),
    S.REFUNDED: frozenset(),
}
ENDED = frozenset({S.DELIVERED, S.FAILED, S.CANCELLED, S.REFUNDED})
"""Nothing is owed any more."""
GONE = frozenset({S.FAILED, S.CANCELLED, S.REFUNDED})
"""Ended without an eSIM in the buyer's hands (or after taking it back)."""
TAKEN_BACK = frozenset({S.CANCELLED, S.REFUNDED})
"""The shop does not owe it any more. A failed one it still does, until it is refunded there."""
GIVEN_UP = "given_up"
"""Reason of a cancel by us."""
ASKED = "asked"
"""Reason of a cancel by the reseller who ordered it: granted only as far as the supplier takes the eSIM back.

All other reasons are facts at the shop.
"""
ADDED = "data that was added is not taken back"
"""Verdict on a top-up."""
ENDS = {"cancel": S.CANCELLED, "refund": S.REFUNDED, "dispute": S.REFUNDED, GIVEN_UP: S.FAILED, ASKED: S.CANCELLED}
"""What a unit whose sale was undone ends as, by the reason."""
UNSENT = frozenset({S.WAITING, S.ROUTED})
"""Nothing was sent to a supplier."""
MAYBE_BOUGHT = frozenset({S.BUYING, S.PENDING, S.UNKNOWN})
_P = Purchase.State
OPEN_PURCHASES = frozenset({_P.REQUESTED, _P.PENDING, _P.UNKNOWN, _P.BOUGHT})
"""An eSIM may exist, or does."""


def may_have_esim(unit: Unit) -> bool:
    """Whether the unit's purchase was or may have been executed; then the unit may not simply end."""
    return unit.purchase is not None and unit.purchase.state in OPEN_PURCHASES


def check(before: str, after: str) -> None:
    """Raises IllegalMove unless the table allows it."""
    if after not in MOVES[S(before)]:
        raise IllegalMove(f"a unit can not go from {before} to {after}", fix="look at its timeline for what it may do")
