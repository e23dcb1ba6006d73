"""Amounts, ages and dates as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simplane.delivery import formats

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("total", "shown"),
    [
        (5_000_000_000, "5\u00a0GB"),
        (5 * 1024**3, "5\u00a0GB"),
        (524_288_000, "500\u00a0MB"),
        (500_000_000, "500\u00a0MB"),
    ],
)
def test_a_plan_reads_as_it_was_sold_however_the_supplier_counts(total: int, shown: str) -> None:
    assert formats.data_amount(total, base=formats.counting_base(total), formats="en_GB") == shown


@pytest.mark.parametrize(("size", "shown"), [(1_299_999_999, "1,2\u00a0GB"), (999_999, "0\u00a0MB"), (-5, "0\u00a0MB")])
def test_never_promises_more_than_there_is(size: int, shown: str) -> None:
    assert formats.data_amount(size, base=1000, formats="de") == shown


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=59), None),
        (timedelta(minutes=5), "5 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_an_age_is_rough_and_in_words(passed: timedelta, shown: str | None) -> None:
    assert formats.age(NOON - passed, NOON, formats="en_GB") == shown


def test_a_moment_names_its_time_zone() -> None:
    assert formats.minute(NOON, formats="de") == "20. November 2026, 12:00 UTC"


def test_many_countries_are_counted_not_listed() -> None:
    few = formats.countries(["ES", "PT", "AD"], formats="en_GB")
    many = formats.countries(["AT", "BE", "DE", "ES", "FR", "IT", "NL", "PT"], formats="de")
    assert few == "Andorra, Portugal and Spain"
    assert many == "Belgien, Deutschland, Frankreich, Italien, Niederlande, Österreich + 2"
