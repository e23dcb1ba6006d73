"""Does an offer keep a promise? The words and the SQL say the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simplane.catalog.models import Product
from simplane.routing.equivalence import KEEPS, compare, size
from simplane.suppliers.models import Offer

GB = 1_000_000_000
ES_4G = {"country": "ES", "operator": "Movistar", "technology": "4G"}
PROMISE: dict[str, Any] = {"countries": ["ES"], "data_bytes": 5 * GB, "days": 30, "clock_start": "first_use"}
OFFER: dict[str, Any] = {
    "countries": ["ES"],
    "data_bytes": 5 * GB,
    "days": 30,
    "clock_start": "first_use",
    "top_up": False,
}


def found(product: dict[str, Any], offer: dict[str, Any]) -> Any:
    return compare(Product(**PROMISE | product), Offer(**OFFER | offer))


def test_an_exact_offer_scores_100_without_differences() -> None:
    assert (found({}, {}).score, found({}, {}).differences) == (100, [])


def test_a_gigabyte_of_1024_megabytes_is_no_difference() -> None:
    assert found({}, {"data_bytes": 5 * 2**30}).differences == []


@pytest.mark.parametrize(
    ("product", "offer", "words"),
    [
        ({"countries": ["ES", "FR", "PT"]}, {}, "does not cover FR, PT"),
        ({"countries": list("ABCDEFG")}, {"countries": ["A"]}, "does not cover B, C, D, E, F and 1 more"),
        ({}, {"data_bytes": 3 * GB}, "3 GB instead of 5 GB"),
        ({}, {"data_bytes": None}, "unlimited data instead of 5 GB"),
        ({"data_bytes": None}, {}, "5 GB instead of unlimited data"),
        ({"daily": True}, {}, "5 GB instead of 5 GB a day"),
        ({}, {"days": 15}, "15 days instead of 30"),
        ({}, {"clock_start": "install"}, "days begin when installed, not at first connection"),
        ({"clock_start": "install"}, {"clock_start": "purchase"}, "days begin when bought, not when installed"),
        ({"top_up": True}, {}, "can not be topped up"),
        ({"hotspot": True}, {"hotspot": False}, "no hotspot"),
        ({"voice_minutes": 100}, {"voice_minutes": 60}, "60 voice minutes instead of 100"),
        ({"sms_count": 10}, {}, "0 messages instead of 10"),
        ({"carrier": "Orange"}, {"networks": [ES_4G]}, "Orange is not among its networks in ES"),
    ],
)
def test_what_is_missing_is_said_in_words(product: dict[str, Any], offer: dict[str, Any], words: str) -> None:
    comparison = found(product, offer)

    assert (comparison.missing, comparison.score) == ((words,), 0)


def test_what_nobody_knows_lowers_the_score_and_is_said() -> None:
    comparison = found({"hotspot": True}, {"hotspot": None})

    assert (comparison.missing, comparison.score) == ((), 90)
    assert comparison.differences == ["the supplier does not say whether hotspot works"]


def test_what_comes_on_top_lowers_the_score_a_little() -> None:
    comparison = found({}, {"data_bytes": 10 * GB, "days": 60, "countries": ["ES", "FR"]})

    assert comparison.more == ("10 GB instead of 5 GB", "60 days instead of 30", "1 more country")
    assert comparison.score == 86


def test_a_later_clock_and_the_promised_carrier_keep_the_promise() -> None:
    assert found({"clock_start": "install"}, {"clock_start": "first_use"}).missing == ()
    assert found({"carrier": "movistar"}, {"networks": [ES_4G]}).missing == ()


@pytest.mark.parametrize(
    ("amount", "daily", "words"),
    [
        (500_000_000, False, "500 MB"),
        (1_500_000_000, True, "1.5 GB a day"),
        (5 * 2**30, False, "5.37 GB"),
        (None, False, "unlimited data"),
    ],
)
def test_sizes_are_shown_as_people_say_them(amount: int | None, daily: bool, words: str) -> None:
    assert size(amount, daily=daily) == words


shapes = st.fixed_dictionaries(
    {
        "countries": st.lists(st.sampled_from(["ES", "FR", "PT"]), min_size=1, unique=True).map(sorted),
        "data_bytes": st.none() | st.sampled_from([GB, 2 * GB, 2 * 2**30]),
        "daily": st.booleans(),
        "days": st.sampled_from([7, 30]),
        "clock_start": st.sampled_from(["install", "first_use", "purchase"]),
        "top_up": st.booleans(),
        "voice_minutes": st.sampled_from([0, 100]),
        "sms_count": st.sampled_from([0, 10]),
    }
)
promises = st.fixed_dictionaries({"hotspot": st.booleans(), "carrier": st.sampled_from(["", "", "MOVISTAR"])})
supplied = st.fixed_dictionaries(
    {
        "hotspot": st.sampled_from([None, True, False]),
        "networks": st.sampled_from([[], [ES_4G], [ES_4G, {**ES_4G, "country": "FR"}]]),
    }
)
ASKED = f"""
SELECT coalesce({KEEPS}, false)
  FROM (SELECT %(countries)s::varchar(2)[] AS countries, %(data_bytes)s::bigint AS data_bytes, %(daily)s::bool AS daily,
               %(days)s AS days, %(clock_start)s AS clock_start, %(top_up)s::bool AS top_up, %(hotspot)s::bool AS hotspot,
               %(voice_minutes)s AS voice_minutes, %(sms_count)s AS sms_count, %(carrier)s AS carrier) AS product,
       (SELECT %(o_countries)s::varchar(2)[] AS countries, %(o_data_bytes)s::bigint AS data_bytes, %(o_daily)s::bool AS daily,
               %(o_days)s AS days, %(o_clock_start)s AS clock_start, %(o_top_up)s::bool AS top_up,
               %(o_hotspot)s::bool AS hotspot, %(o_voice_minutes)s AS voice_minutes, %(o_sms_count)s AS sms_count,
               %(o_networks)s::jsonb AS networks) AS offer
"""


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(shapes, promises, shapes, supplied)
def test_sql_and_words_agree_on_every_pair(
    shape: dict[str, Any], promise: dict[str, Any], offered: dict[str, Any], supply: dict[str, Any]
) -> None:
    import json

    product, offer = Product(**shape | promise), Offer(**offered | supply)
    sent = {f"o_{name}": value for name, value in (offered | supply).items()}
    with connection.cursor() as cursor:
        cursor.execute(ASKED, {**shape, **promise, **sent, "o_networks": json.dumps(supply["networks"])})
        row = cursor.fetchone()

    assert row == (compare(product, offer).missing == (),)
