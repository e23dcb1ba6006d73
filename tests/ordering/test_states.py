"""The table of moves: complete, closed at its ends, and the only way."""

from __future__ import annotations

import pytest

from simplane.core.errors import IllegalMove
from simplane.ordering import states
from simplane.ordering.models import Unit

S = Unit.State


def test_every_state_has_its_row() -> None:
    assert set(states.MOVES) == set(S)


def test_cancelled_and_refunded_are_final() -> None:
    assert states.MOVES[S.CANCELLED] == states.MOVES[S.REFUNDED] == frozenset()


@pytest.mark.parametrize("before", [S.PENDING, S.UNKNOWN, S.BUYING])
def test_a_unit_that_may_be_bought_never_goes_straight_to_another_purchase(before: str) -> None:
    assert S.ROUTED not in states.MOVES[S(before)]


def test_an_illegal_move_is_refused() -> None:
    with pytest.raises(IllegalMove):
        states.check(S.DELIVERED, S.BUYING)
