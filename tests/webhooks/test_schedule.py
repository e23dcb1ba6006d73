"""When a failed request is made again."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from simplane.core import clock
from simplane.webhooks import schedule
from tests.webhooks.desk import NOON


def test_ten_tries_over_three_days_each_later_than_the_one_before() -> None:
    moments = [schedule.next_try(tries, NOON) for tries in range(1, 11)]
    assert moments[9] is None
    pauses = [(one - NOON).total_seconds() for one in moments[:9] if one is not None]
    assert all(
        abs(pause / wanted - 1) <= schedule.JITTER for pause, wanted in zip(pauses, schedule.PAUSES, strict=True)
    )
    assert 3 * 86_400 < sum(schedule.PAUSES) < 3.5 * 86_400


def test_tries_of_many_messages_are_spread() -> None:
    assert len({schedule.next_try(5, NOON) for _ in range(50)}) == 50


def test_not_before_the_endpoint_asked_to_be_left_alone() -> None:
    assert schedule.next_try(1, NOON, retry_after=120.0) == NOON + timedelta(seconds=120)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120.0), (" 7 ", 7.0), ("999999999999", 21_600.0), ("", None), ("soon", None), ("-5", None), ("1.5", None)],
)
def test_retry_after_in_seconds(header: str, seconds: float | None) -> None:
    assert schedule.read_retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    soon = schedule.read_retry_after(format_datetime(clock.now() + timedelta(minutes=2), usegmt=False))
    assert soon is not None
    assert 110 < soon <= 120
    assert schedule.read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@pytest.mark.parametrize(
    "header",
    [
        "Mon, 01 Jan 2024 00:00:00 +9999999999999",
        "Mon, 01 Jan 2024 00:00:00 -2500",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "Fri, 31 Dec 99999 23:59:59 GMT",
    ],
)
def test_a_date_outside_of_time_asks_for_nothing(header: str) -> None:
    assert schedule.read_retry_after(header) is None


def test_an_endpoint_that_only_fails_is_asked_less_and_less_often() -> None:
    pauses = [schedule.endpoint_pause(strikes, busy=False, retry_after=None) for strikes in (1, 2, 3, 4, 8, 50, 1000)]
    assert pauses == [0.0, 0.0, 1.0, 2.0, 32.0, 300.0, 300.0]
    assert schedule.endpoint_pause(1, busy=True, retry_after=None) == 30.0
    assert schedule.endpoint_pause(1, busy=True, retry_after=90.0) == 90.0
