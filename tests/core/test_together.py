"""Work done as one: what comes together shares a piece of work, and a bad member spoils nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
import structlog

from simplane.core import context
from simplane.core.together import ALONE, Alone, Asked, Together

pytestmark = pytest.mark.django_db(transaction=True)
Group = Sequence[Asked[int, int]]


def ask(work: Together[int, int], *asks: int) -> list[int | BaseException]:
    """All at once, each from a coroutine of its own."""

    async def everyone() -> list[int | BaseException]:
        return list(await asyncio.gather(*[work(one) for one in asks], return_exceptions=True))

    return asyncio.run(everyone())


def alone(one: int) -> int:
    return 100 // one


def test_what_is_asked_at_once_is_one_piece_of_work() -> None:
    groups: list[list[int]] = []

    def many(group: Group) -> list[int | Alone]:
        groups.append([one.ask for one in group])
        return [one.ask + 1 for one in group]

    work: Together[int, int] = Together("test.many", many, alone)
    assert ask(work, 1, 2, 3) == [2, 3, 4]
    assert ask(work, 5) == [6]
    assert groups == [[1, 2, 3], [5]]


def test_two_asks_about_one_row_never_share_a_group() -> None:
    groups: list[list[int]] = []

    def many(group: Group) -> list[int | Alone]:
        groups.append([one.ask for one in group])
        return [one.ask for one in group]

    assert ask(Together("test.same", many, alone), 1, 2, 1, 1) == [1, 2, 1, 1]
    assert groups == [[1, 2], [1], [1]]


def test_after_an_error_each_goes_alone_and_only_the_bad_one_fails() -> None:
    def many(group: Group) -> list[int | Alone]:
        return [100 // one.ask for one in group]

    five, zero, four = ask(Together("test.bad", many, alone), 5, 0, 4)
    assert (five, four) == (20, 25)
    assert isinstance(zero, ZeroDivisionError)


def test_a_group_may_leave_a_member_to_the_ordinary_way_or_refuse_it() -> None:
    def many(group: Group) -> list[int | Alone | Exception]:
        answers: dict[int, int | Alone | Exception] = {1: ALONE, 2: LookupError("none"), 3: 33}
        return [answers[one.ask] for one in group]

    one, two, three = ask(Together("test.some", many, alone), 1, 2, 3)
    assert (one, three) == (100, 33)
    assert isinstance(two, LookupError)


@pytest.mark.parametrize("goes", ["together", "alone"])
def test_each_member_belongs_to_its_own_request(goes: str) -> None:
    found: dict[int, str] = {}

    def many(group: Group) -> list[int | Alone]:
        if goes == "alone":
            return [ALONE] * len(group)
        found.update({one.ask: one.rid for one in group})
        return [0] * len(group)

    def one(number: int) -> int:
        found[number] = context.request_id()
        return 0

    async def two() -> None:
        work: Together[int, int] = Together("test.requests", many, one)
        await asyncio.gather(*[asyncio.create_task(_of_request(work, number)) for number in (1, 2)])

    asyncio.run(two())
    assert found == {1: "r-1", 2: "r-2"}


async def _of_request(work: Callable[..., object], number: int) -> None:
    with structlog.contextvars.bound_contextvars(request_id=f"r-{number}"):
        await work(number)  # type: ignore[misc]


def test_whoever_stops_waiting_stops_nobody_else() -> None:
    async def two(work: Together[int, int]) -> int:
        gone, stays = asyncio.create_task(work(1)), asyncio.create_task(work(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(two(Together("test.gone", lambda group: [one.ask for one in group], alone))) == 2
