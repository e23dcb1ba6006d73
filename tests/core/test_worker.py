"""The worker's own loop: everything that waits is done, what fails is tried again, and hints need no row."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from simplane.core import clock, jobs
from simplane.core.db import in_thread, transaction
from simplane.core.groups import Group
from simplane.core.jobs import Job
from simplane.core.queue import QueueRows
from simplane.core.worker import run_worker

done: list[tuple[str, int]] = []


@pytest.fixture(autouse=True)
def _known_jobs(transactional_db: None) -> Iterator[None]:
    kept = dict(jobs.registered())
    done.clear()

    @jobs.job("test.row", queue="channel")
    def row(number: int) -> None:
        done.append(("row", number))

    @jobs.job("test.hint", queue="mail", hint=True)
    async def hint(number: int) -> None:
        done.append(("hint", number))
        if number == 1:
            await in_thread(write, "test.hint", 2)
            await in_thread(write, "test.row", 3)

    @jobs.job("test.later", queue="mail", hint=True)
    async def later(number: int) -> None:
        raise jobs.Temporary("not now", seconds=3600)

    @jobs.job("test.broken", queue="supplier", tries=1)
    async def broken(number: int) -> None:
        raise ValueError("no use")

    yield
    jobs.registered().clear()
    jobs.registered().update(kept)


def write(name: str, number: int) -> None:
    with transaction():
        jobs.enqueue(name, number=number)


def rows() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text, attempts, worker_id FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


def work() -> None:
    asyncio.run(run_worker(once=True))


def test_more_rows_than_fit_at_once_are_all_done_and_leave_nothing_behind() -> None:
    for number in range(70):
        write("test.row", number)
    work()
    assert sorted(done) == [("row", number) for number in range(70)]
    assert rows() == []


def test_what_arises_in_a_worker_is_done_by_it_hint_or_row() -> None:
    write("test.hint", 1)
    work()
    assert sorted(done) == [("hint", 1), ("hint", 2), ("row", 3)]
    assert rows() == []


def test_outside_a_worker_a_hint_is_a_row() -> None:
    write("test.hint", 5)
    assert rows() == [("test.hint", "todo", 0, None)]


def test_a_job_that_can_not_be_done_now_waits_with_its_tries_counted() -> None:
    write("test.later", 1)
    work()
    assert rows() == [("test.later", "todo", 1, None)]


def test_a_job_out_of_tries_stays_as_failed_and_its_dead_letter_is_open() -> None:
    from simplane.core.models import DeadLetter

    write("test.broken", 1)
    work()
    assert rows() == [("test.broken", "failed", 1, None)]
    assert DeadLetter.objects.get().cause == "job_keeps_failing"


def test_a_job_nobody_knows_any_more_does_not_stop_the_others() -> None:
    write("test.row", 1)
    write("test.row", 2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET task_name = 'gone.away' WHERE args->>'number' = '1'")
    work()
    assert done == [("row", 2)]
    assert rows() == [("gone.away", "failed", 1, None)]


def test_a_hint_that_fails_in_a_worker_becomes_a_row() -> None:
    asyncio.run(_a_group_that_stops(Job("test.later", {"number": 1})))
    assert rows() == [("test.later", "todo", 1, None)]


def test_hints_left_over_at_the_end_become_rows_for_others() -> None:
    asyncio.run(_a_group_that_stops(Job("test.hint", {"number": 7}), run=False))
    assert done == []
    assert rows() == [("test.hint", "todo", 0, None)]


async def _a_group_that_stops(hint: Job, *, run: bool = True) -> None:
    queue = await QueueRows.open()
    group = Group(("mail",), 2, queue)
    group.take([hint])
    running = asyncio.create_task(group.run())
    if run:
        await group.resting.wait()
    running.cancel()
    await queue.give_back(await group.finish(5))
    await queue.close()


def test_a_job_is_tried_again_although_another_of_its_key_waits() -> None:
    @jobs.job("test.keyed", queue="mail")
    def keyed(number: int) -> None:
        if number == 1:
            with transaction():
                jobs.enqueue("test.keyed", once_key="same", at=clock.now() + timedelta(hours=1), number=2)
            raise jobs.Temporary("not now", seconds=3600)

    with transaction():
        jobs.enqueue("test.keyed", once_key="same", number=1)
    work()
    assert rows() == [("test.keyed", "todo", 1, None), ("test.keyed", "todo", 0, None)]


def test_what_a_stopping_worker_held_belongs_to_nobody() -> None:
    write("test.row", 1)
    asyncio.run(_taken_and_given_back())
    assert rows() == [("test.row", "todo", 0, None)]


async def _taken_and_given_back() -> None:
    queue = await QueueRows.open()
    taken = await queue.exchange(["channel"], 5, [])
    assert [one.name for one in taken] == ["test.row"]
    await queue.give_back([])
    await queue.close()


def test_a_hint_that_waits_already_is_not_taken_twice() -> None:
    async def twice() -> int:
        queue = await QueueRows.open()
        group = Group(("mail",), 2, queue)
        group.take([Job("test.hint", {"number": 7, "_rid": "a"}), Job("test.hint", {"number": 8})])
        group.take([Job("test.hint", {"number": 7, "_rid": "b"})])
        left = await group.finish(5)
        await queue.close()
        return len(left)

    assert asyncio.run(twice()) == 2
