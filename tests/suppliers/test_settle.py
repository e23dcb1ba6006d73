"""Unknown purchases at a supplier without keys: the multiset match never calls a bought order absent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from simplane.suppliers.settle import Open, Seen, settle

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=600)
SKEW = timedelta(seconds=60)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def run(unknown: list[Open], seen: list[Seen], asked: float, flying: float | None = None):  # type: ignore[no-untyped-def]
    return settle(
        unknown,
        seen,
        asked_at=at(asked),
        oldest_in_flight=None if flying is None else at(flying),
        settle_after=SETTLE,
        skew=SKEW,
    )


def test_one_unknown_and_one_unclaimed_order_are_the_same_purchase() -> None:
    result = run([Open(1, at(0))], [Seen("A", at(2))], asked=120)
    assert result.adopt == ((1, "A"),)
    assert result.absent == result.open == result.foreign == ()


def test_of_two_unknown_and_one_order_one_was_bought_and_the_other_stays_open() -> None:
    result = run([Open(1, at(0)), Open(2, at(1))], [Seen("A", at(2))], asked=120)
    assert result.adopt == ((1, "A"),)
    assert result.open == (2,)


def test_the_other_is_absent_once_its_order_would_show() -> None:
    result = run([Open(1, at(0)), Open(2, at(1))], [Seen("A", at(2))], asked=800)
    assert result.adopt == ((1, "A"),)
    assert result.absent == (2,)


def test_nothing_in_the_list_settles_nothing_before_its_time() -> None:
    assert run([Open(1, at(0))], [], asked=600).open == (1,)


def test_an_order_that_a_call_under_way_may_own_is_left_alone() -> None:
    result = run([Open(1, at(0))], [Seen("A", at(95))], asked=200, flying=100)
    assert result.adopt == ()
    assert result.open == (1,)


def test_an_order_younger_than_the_question_is_left_alone() -> None:
    result = run([Open(1, at(0))], [Seen("A", at(115))], asked=120)
    assert result.adopt == ()


def test_a_long_call_under_way_keeps_an_old_unknown_open() -> None:
    assert run([Open(1, at(0))], [], asked=2000, flying=300).open == (1,)


def test_an_order_before_any_of_ours_is_foreign() -> None:
    result = run([Open(1, at(500))], [Seen("A", at(0))], asked=700)
    assert result.foreign == ("A",)
    assert result.open == (1,)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Open], set[int], list[Seen], float, float | None]:
    """Purchases with lost answers, some executed; further calls under way, some executed; clocks that differ."""
    clock = draw(st.floats(-59, 59))
    asked = draw(st.floats(100, 3000))
    unknown, executed, seen = [], set(), []
    for number in range(draw(st.integers(0, 6))):
        sent = draw(st.floats(0, asked))
        unknown.append(Open(number, at(sent)))
        if draw(st.booleans()):
            took = draw(st.floats(0, 500))
            if sent + took <= asked:
                executed.add(number)
                seen.append(Seen(f"lost-{number}", at(sent + took + clock)))
            else:
                executed.add(number)  # executed after the list was read
    flying: float | None = None
    for number in range(draw(st.integers(0, 4))):
        sent = draw(st.floats(0, asked))
        flying = sent if flying is None else min(flying, sent)
        if draw(st.booleans()):
            seen.append(Seen(f"flying-{number}", at(min(sent + draw(st.floats(0, 30)), asked) + clock)))
    return unknown, executed, seen, asked, flying


@given(worlds())
def test_never_more_absent_than_were_not_executed_and_no_flying_order_is_taken(
    world: tuple[list[Open], set[int], list[Seen], float, float | None],
) -> None:
    unknown, executed, seen, asked, flying = world
    result = run(unknown, seen, asked=asked, flying=flying)
    assert not [order for _, order in result.adopt if order.startswith("flying")]
    assert len(result.absent) <= len(unknown) - len(executed)
    assert sorted([one for one, _ in result.adopt] + list(result.absent) + list(result.open)) == list(
        range(len(unknown))
    )
    assert len({order for _, order in result.adopt}) == len(result.adopt)
