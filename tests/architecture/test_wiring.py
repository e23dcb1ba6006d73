"""Events, jobs, schedules and dead letters: everything that is named exists."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields

import pytest

from simplane.config.wiring import REACTIONS
from simplane.core import deadletters, events, jobs
from simplane.core.events import News
from simplane.core.schedule import timetable
from tests.architecture.code import calls, modules


def test_every_job_that_reacts_exists() -> None:
    named = {name for names in REACTIONS.values() for name in names}
    assert named - set(jobs.registered()) == set()


def test_the_wiring_is_what_runs() -> None:
    assert dict(events.reactions()) == {event.__name__: names for event, names in REACTIONS.items()}


def test_no_two_events_share_a_name() -> None:
    homes = {(event.__name__, event.__module__) for event in _all_news()}
    assert len(homes) == len({name for name, _ in homes})


@pytest.mark.parametrize("event", REACTIONS, ids=lambda event: event.__name__)
def test_an_event_carries_what_its_jobs_want(event: type[News]) -> None:
    assert set(event.job_fields) <= {field.name for field in fields(event)}
    for name in REACTIONS[event]:
        wanted = inspect.signature(jobs.registered()[name].function).parameters
        required = {key for key, one in wanted.items() if one.default is inspect.Parameter.empty}
        assert required <= set(event.job_fields) <= set(wanted), f"{event.__name__} -> {name}"


def test_every_job_that_is_written_exists() -> None:
    written = {
        (path, found.args[0].value)
        for path, tree in modules()
        for name, found in calls(tree)
        if name.removeprefix("jobs.") in ("enqueue", "enqueue_many", "enqueue_missing") and found.args
        if isinstance(found.args[0], ast.Constant)
    }
    assert {one for one in written if one[1] not in jobs.registered()} == set()
    assert ("ordering/actions/accept.py", "ordering.advance") in written


def test_every_job_has_a_queue_that_is_worked_off() -> None:
    from simplane.core.worker import GROUPS

    worked_off = [queue for group in GROUPS for queue in group]
    assert sorted(worked_off) == sorted(jobs.QUEUES)
    assert {entry.queue for entry in timetable().values()} <= set(jobs.QUEUES)


def test_every_cause_offers_actions_that_exist() -> None:
    offered = {name for one in deadletters._causes.values() for name in one.actions}
    assert offered - set(deadletters._actions) == set()


def test_every_cause_that_is_written_is_explained() -> None:
    written = {cause for _, tree in modules() for name, found in calls(tree) for cause in _causes(name, found)}
    assert {"message_not_understood", "job_keeps_failing"} < written
    assert written - set(deadletters._causes) == set()


def _causes(name: str, found: ast.Call) -> list[str]:
    """The cause that a call opens a dead letter with, when it stands there as a word."""
    by_name = [one.value for one in found.keywords if one.arg == "cause" and name.endswith("open_letter")]
    in_place = found.args[1:2] if name in ("die", "_letter") else []
    words = [one.value for one in [*by_name, *in_place] if isinstance(one, ast.Constant)]
    return [word for word in words if isinstance(word, str)]


def _all_news() -> list[type[News]]:
    found, waiting = [], [News]
    while waiting:
        children = waiting.pop().__subclasses__()
        found += children
        waiting += children
    return [one for one in found if one.__module__.startswith("simplane.")]
