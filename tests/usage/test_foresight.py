"""Forecasts that say how sure they are, days that stand out, and what would cost less."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from simplane.usage import anomalies, forecast
from simplane.usage.recommend import LineFacts, PlanFacts, suggestions

WEEK = [100, 100, 100, 100, 80, 10, 0]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
GB, MB = 10**9, 10**6


def test_a_steady_week_goes_on_and_the_band_is_narrow() -> None:
    told = forecast.month_end(WEEK * 10, so_far=1000, ahead=10)

    assert (told.so_far, told.expected, told.low, told.high) == (1000, 1790, 1790, 1790)
    assert (told.sure, told.days_known) == (True, 70)
    assert told.words.startswith("From the last 4 of each weekday")


def test_uneven_days_make_the_band_as_wide_as_past_errors_were() -> None:
    uneven = [day * (1 + number % 3) for number, day in enumerate(WEEK * 12)]
    told = forecast.month_end(uneven, so_far=0, ahead=7)

    assert told.expected is not None
    assert told.low is not None
    assert told.high is not None
    assert told.low < told.expected < told.high
    assert told.low <= 490 * 2 <= told.high


def test_days_of_rare_large_use_are_not_forgotten_by_the_median() -> None:
    rare = ([0] * 9 + [900]) * 10
    told = forecast.month_end(rare, so_far=0, ahead=10)

    assert told.expected is not None
    assert abs(told.expected - 900) < 300


def test_short_history_is_said_and_makes_the_band_wide() -> None:
    short, long = forecast.month_end(WEEK * 2, so_far=0, ahead=7), forecast.month_end(WEEK * 8, so_far=0, ahead=7)

    assert (short.sure, short.expected) == (False, 490)
    assert short.low is not None
    assert short.high is not None
    assert long.low == long.high == 490
    assert short.low < 200
    assert short.high > 800
    assert "14 days" in short.words


def test_without_history_nothing_is_foretold_and_a_month_that_is_over_is_known() -> None:
    nothing = forecast.month_end([5, 5], so_far=10, ahead=20)
    over = forecast.month_end([], so_far=10, ahead=0)

    assert (nothing.expected, nothing.low, nothing.high) == (None, None, None)
    assert nothing.words == "Only 2 days are known; a forecast needs 7."
    assert (over.expected, over.low, over.high) == (10, 10, 10)


def test_a_day_far_beyond_the_usual_is_explained_in_a_sentence() -> None:
    days = [300 * MB, 250 * MB, 0, 350 * MB, 300 * MB] * 4 + [5 * GB]

    (found,) = anomalies.find(days, date(2026, 10, 29))

    assert (found.day, found.usual) == (date(2026, 11, 18), 300 * MB)
    assert found.words == "used 5 GB on Wednesday 18 November: 17 times its usual active day (300 MB)"
    assert ", mostly in TR: 17 times" in anomalies.told(found, "TR").words


@pytest.mark.parametrize(
    "days",
    [[300 * MB] * 20 + [360 * MB], [300 * MB] * 6 + [9 * GB], [5 * GB] * 20 + [0], [1000] * 20 + [900_000]],
    ids=["a little more", "too little known", "none at all", "a phone saying hello"],
)
def test_what_is_not_strange_or_can_not_be_known_to_be_is_left_alone(days: list[int]) -> None:
    assert anomalies.find(days, date(2026, 11, 1), look=3) == ()


EUROPE = frozenset({"ES", "FR", "DE"})


def plan(public_id: str, gb: int | None, minor: int, **fields: Any) -> PlanFacts:
    data = gb * GB if gb is not None else None
    given = {"name": public_id.title(), "supplier": "one", "currency": "EUR", "data_bytes": data, "countries": EUROPE}
    return PlanFacts(**{**given, "public_id": public_id, "price_minor": minor, **fields})


BIG, SMALL, TINY = plan("big", 20, 3000), plan("small", 5, 1200), plan("tiny", 1, 400)
PLANS = [BIG, SMALL, TINY]


def line(public_id: str = "l1", **fields: Any) -> LineFacts:
    given = {"label": "Ana", "plan": BIG, "months": (3 * GB, 2 * GB, 4 * GB), "countries": frozenset({"ES"})}
    age = {"since": NOW - timedelta(days=200), "last_use_at": NOW - timedelta(days=1)}
    return LineFacts(**{"public_id": public_id, **given, **age, **fields})


def test_the_cheapest_plan_that_holds_the_largest_month_with_room_is_suggested() -> None:
    (found,) = suggestions([line()], PLANS, NOW)

    assert (found.kind, found.saves_minor, found.currency) == ("smaller_plan", 1800, "EUR")
    assert (found.deed.verb, found.deed.lines, found.deed.plan) == ("change_plan", ("l1",), "small")
    assert found.words == "Ana: Small holds its largest month (4 GB) with room. It saves €18.00 a month."


@pytest.mark.parametrize(
    ("fields", "plans"),
    [
        ({"months": (4_500_000_000, GB)}, [SMALL]),
        ({"countries": frozenset({"US"})}, PLANS),
        ({"months": (GB,)}, PLANS),
        ({}, [plan("dollars", 10, 1, currency="USD")]),
        ({"plan": TINY, "months": (GB, GB)}, PLANS),
    ],
    ids=["no room", "used elsewhere", "too little known", "another currency", "has the cheapest"],
)
def test_nothing_is_suggested_that_would_not_serve(fields: dict[str, Any], plans: list[PlanFacts]) -> None:
    assert suggestions([line(**fields)], plans, NOW) == ()


def test_the_same_from_another_supplier_is_called_that() -> None:
    other = plan("other", 20, 2500, supplier="two")

    (found,) = suggestions([line(months=(15 * GB, 15 * GB))], [BIG, other], NOW)

    assert (found.kind, found.deed.plan, found.saves_minor) == ("other_supplier", "other", 500)


def test_a_line_that_nobody_uses_is_suggested_to_end() -> None:
    quiet = line(last_use_at=NOW - timedelta(days=50), months=(GB, 0, 0))
    never = line("l2", last_use_at=None, label="Router")

    found = suggestions([quiet, never], PLANS, NOW)

    assert [(one.kind, one.deed.verb, one.deed.lines) for one in found] == [
        ("unused_line", "terminate", ("l1",)),
        ("unused_line", "terminate", ("l2",)),
    ]
    assert found[0].words == "Ana was not used since 01 October 2026. Ending it saves €30.00 a month."
    assert found[1].words.startswith("Router was not used at all.")


def test_lines_whose_large_months_differ_are_told_what_sharing_would_save() -> None:
    spiky = [line(f"l{n}", months=tuple(17 * GB if n == month else GB for month in range(3))) for n in range(3)]

    (found,) = suggestions([*spiky, line("l4", months=(3 * GB, 4 * GB))], [BIG, SMALL], NOW)[:1]

    assert (found.kind, found.saves_minor, found.deed.verb) == ("pool", 3000, "ask_us")
    assert found.deed.lines == ("l0", "l1", "l2")
    assert found.words == (
        "3 lines on Big used at most 19 GB together in a month, of the 60 GB they pay for. "
        "If they shared, 2 of these plans would hold it: that saves up to €30.00 a month."
    )
    assert suggestions(spiky[:2], [BIG, SMALL], NOW) == ()
    full = [line(f"l{n}", months=(18 * GB, 18 * GB)) for n in range(3)]
    assert suggestions(full, [BIG, SMALL], NOW) == ()
