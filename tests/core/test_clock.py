"""The one clock: frozen or shifted by a setting, and read from others' texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection
from pytest_django import Settings

from simplane.core import clock, jobs
from simplane.core.clock import parse_time

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def move(settings: Settings, **fields: object) -> None:
    settings.SIMPLANE = settings.SIMPLANE.model_copy(update=fields)


def test_it_goes_with_the_machine() -> None:
    before = clock.real()
    assert before <= clock.now() <= clock.real()
    assert clock.now().tzinfo is UTC


def test_frozen_it_stands_still(settings: Settings) -> None:
    move(settings, clock_freeze=NOON)
    assert clock.now() == NOON
    assert clock.now() == NOON


@pytest.mark.parametrize(
    "frozen", [NOON.replace(tzinfo=None), datetime(2026, 11, 20, 13, tzinfo=timezone(timedelta(hours=1)))]
)
def test_frozen_it_is_utc_however_the_setting_was_written(settings: Settings, frozen: datetime) -> None:
    move(settings, clock_freeze=frozen)
    assert clock.now() == NOON
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("seconds", [86_400, -3600])
def test_shifted_it_goes_on_from_there(settings: Settings, seconds: int) -> None:
    move(settings, clock_shift_seconds=seconds)
    before = clock.real()
    assert before + timedelta(seconds=seconds) <= clock.now() <= clock.real() + timedelta(seconds=seconds)


def test_a_freeze_wins_over_a_shift(settings: Settings) -> None:
    move(settings, clock_freeze=NOON, clock_shift_seconds=60)
    assert clock.now() == NOON


def test_a_job_for_later_comes_as_much_later_by_the_queues_own_time(settings: Settings, db: None) -> None:
    move(settings, clock_freeze=NOON)
    jobs.enqueue("core.handle_message", at=NOON + timedelta(minutes=10), message_id=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM scheduled_at - clock_timestamp()) FROM procrastinate_jobs")
        (wait,) = cursor.fetchone() or (0,)
    assert 590 < wait <= 600


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T12:00:00Z", NOON),
        (" 2026-11-20T12:00:00Z ", NOON),
        ("2026-11-20T13:00:00+01:00", NOON),
        ("2026-11-20T13:00:00+0100", NOON),
        ("2026-11-20T12:00:00", NOON),
        ("2026-11-20 12:00:00", NOON),
        ("2026-11-20T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-11-20T12:00:00.123456789Z", NOON + timedelta(microseconds=123_456)),
        ("2026-11-20T13:00:00.123456789+01:00", NOON + timedelta(microseconds=123_456)),
    ],
)
def test_reads_times_as_others_write_them(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize("text", ["", "now", "20.11.2026", "2026-13-01T00:00:00Z"])
def test_refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)
