"""What an outcome means, as a table of facts and verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simplane.delivery.decide import Try, verdict
from simplane.delivery.models import Message
from simplane.delivery.values import Accepted, Deferred, Lost, Rejected

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
State = Message.State


def tried(attempts: int = 0, *, repeat: bool = False, age: timedelta = timedelta()) -> Try:
    return Try(attempts=attempts, repeat=repeat, created_at=NOON - age, now=NOON)


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 5), (1, 15), (2, 60), (3, 240), (9, 240)])
def test_a_server_that_asks_for_patience_gets_it(attempts: int, minutes: int) -> None:
    judged = verdict(Deferred("450 busy"), tried(attempts))
    assert judged.result.name == "retry"
    assert judged.result.at == NOON + timedelta(minutes=minutes)
    assert judged.state == State.QUEUED


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 5), (1, 15), (2, 60), (3, 300), (9, 300)])
def test_a_server_that_is_not_there_is_looked_for_sooner(attempts: int, seconds: int) -> None:
    judged = verdict(Deferred("refused", unreachable=True), tried(attempts))
    assert judged.result.at == NOON + timedelta(seconds=seconds)


def test_after_a_day_it_is_given_up_and_a_person_asked() -> None:
    judged = verdict(Deferred("450 busy"), tried(8, age=timedelta(hours=21)))
    assert (judged.state, judged.result.name, judged.cause) == (State.FAILED, "failed", "mail_keeps_failing")


def test_a_lost_answer_is_followed_by_one_repeat() -> None:
    judged = verdict(Lost("gone"), tried())
    assert (judged.state, judged.result.name, judged.result.at) == (
        State.UNKNOWN,
        "unknown",
        NOON + timedelta(minutes=1),
    )


def test_a_lost_answer_to_the_repeat_is_for_a_person() -> None:
    judged = verdict(Lost("gone"), tried(1, repeat=True))
    assert (judged.state, judged.result.at, judged.cause) == (State.UNKNOWN, None, "mail_unknown")


def test_a_repeat_that_was_put_off_stays_the_one_repeat() -> None:
    judged = verdict(Deferred("450 busy"), tried(1, repeat=True))
    assert (judged.state, judged.result.name) == (State.UNKNOWN, "retry")


def test_a_dead_address_is_remembered() -> None:
    judged = verdict(Rejected("550 5.1.1 no such user", dead_address=True), tried())
    assert (judged.state, judged.cause, judged.dead_address) == (State.FAILED, "mail_refused", True)


def test_taken_is_sent() -> None:
    judged = verdict(Accepted(), tried())
    assert (judged.state, judged.result.name, judged.cause) == (State.SENT, "sent", "")
