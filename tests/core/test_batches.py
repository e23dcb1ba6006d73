"""Work that shares commits: nobody waits for ever, bad input spoils nobody else's, and the thread outlives every error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from simplane.core.batches import AGAIN, Again, Batcher, Connection, NotDone

pytestmark = pytest.mark.django_db(transaction=True)
Work = Callable[[Connection, Sequence[int]], Sequence[int | Again]]


def batcher(work: Work, *, committed: Callable[[], None] = lambda: None, seconds: float = 5.0) -> Batcher[int, int]:
    return Batcher("test", work, key=lambda ask: ask, committed=committed, seconds=seconds)


def together(made: Batcher[int, int], *asks: int) -> list[int | str]:
    """All ask at once; a refusal is an answer."""

    def one(ask: int) -> int | str:
        try:
            return made.submit(ask)
        except NotDone as problem:
            return str(problem)

    with ThreadPoolExecutor(len(asks)) as threads:
        return list(threads.map(one, asks))


def test_one_that_is_refused_spoils_no_other() -> None:
    def halves(connection: Connection, asks: Sequence[int]) -> list[int]:
        return [int(connection.execute("SELECT 100 / %s", [ask]).fetchone()[0]) for ask in asks]  # type: ignore[index]

    assert together(batcher(halves), 1, 0, 2, 4) == [100, "DivisionByZero", 50, 25]


def test_what_is_not_decided_is_asked_again() -> None:
    seen: list[int] = []

    def second_time(_: Connection, asks: Sequence[int]) -> list[int | Again]:
        answers: list[int | Again] = [ask if ask in seen else AGAIN for ask in asks]
        seen.extend(asks)
        return answers

    assert together(batcher(second_time), 7, 8) == [7, 8]


def test_equal_asks_never_share_a_batch() -> None:
    batches: list[list[int]] = []

    def note(_: Connection, asks: Sequence[int]) -> list[int]:
        batches.append(list(asks))
        return list(asks)

    assert together(batcher(note), *[5] * 8) == [5] * 8
    assert batches == [[5]] * 8


def test_a_lost_connection_is_told_and_the_next_ask_gets_a_new_one() -> None:
    def ends_itself(connection: Connection, asks: Sequence[int]) -> list[int]:
        if asks[0] == 0:
            connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        connection.execute("SELECT 1")
        return list(asks)

    made = batcher(ends_itself)
    with pytest.raises(NotDone, match="AdminShutdown"):
        made.submit(0)

    assert made.submit(1) == 1


def test_a_statement_nobody_waits_for_any_more_is_stopped() -> None:
    def sleeps(connection: Connection, asks: Sequence[int]) -> list[int]:
        connection.execute("SELECT pg_sleep(%s)", [asks[0]])
        return list(asks)

    made = batcher(sleeps, seconds=1.0)
    with pytest.raises(NotDone):
        made.submit(60)

    assert made.submit(0) == 0


def test_a_worker_that_can_not_be_told_stops_nobody() -> None:
    def broken() -> None:
        raise RuntimeError("can't start new thread")

    made = batcher(lambda _, asks: list(asks), committed=broken)

    assert [made.submit(1), made.submit(2)] == [1, 2]


def test_an_answer_too_few_is_nobodys_answer() -> None:
    with pytest.raises(NotDone, match="ValueError"):
        batcher(lambda _, __: []).submit(1)
