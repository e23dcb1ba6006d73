"""Rows of eSIM Go's catalogue: what is understood, what is put aside and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simplane.core.money import Money
from simplane.suppliers.esimgo import catalogue, wire
from simplane.suppliers.values import CatalogOffer, UnreadableRow

ROW = {
    "name": "esim_1GB_7D_JP_V2",
    "description": "eSIM, 1GB, 7 Days, Japan, V2",
    "countries": [{"name": "Japan", "region": "Asia", "iso": "JP"}],
    "dataAmount": 1000,
    "duration": 7,
    "autostart": True,
    "unlimited": False,
    "roamingEnabled": [],
    "price": 2.08,
    "billingType": "FixedCost",
}


def row(**changes: Any) -> Any:
    content = {key: value for key, value in (ROW | changes).items() if value is not ...}
    [found] = catalogue.rows([json.dumps(content).encode()], "USD", {}, set())  # type: ignore[list-item]
    return found


def offer(**changes: Any) -> CatalogOffer:
    found = row(**changes)
    assert isinstance(found, CatalogOffer), found
    return found


def reason(**changes: Any) -> str:
    found = row(**changes)
    assert isinstance(found, UnreadableRow), found
    return found.reason


def test_a_row_of_version_2_4_has_no_allowances() -> None:
    assert offer().data_bytes == 1_000_000_000


def test_allowances_say_minutes_and_messages() -> None:
    parts = [
        {"type": "DATA", "amount": 500, "unit": "MB"},
        {"type": "VOICE", "amount": 100, "unit": "MINS"},
        {"type": "SMS", "amount": 0, "unit": "SMS", "unlimited": True},
    ]
    found = offer(allowances=parts)
    assert (found.data_bytes, found.voice_minutes, found.sms_count) == (500_000_000, 100, 0)


@pytest.mark.parametrize("amount", [-1, 0])
def test_an_unlimited_row(amount: int) -> None:
    assert offer(unlimited=True, dataAmount=amount).data_bytes is None


def test_an_unlimited_allowance() -> None:
    assert offer(allowances=[{"type": "DATA", "amount": -1, "unit": "MB", "unlimited": True}]).data_bytes is None


def test_a_regional_row_by_where_it_roams() -> None:
    roaming = [{"iso": "ES"}, {"iso": "PT"}, {"iso": "XX"}, {"iso": None}]
    assert offer(countries=[{"iso": "EUL"}], roamingEnabled=roaming).countries == ("ES", "PT")


def test_a_row_that_roams_by_a_yes_or_no() -> None:
    assert offer(roamingEnabled=True).countries == ("JP",)


def test_costs_are_rounded_up_and_the_price_is_kept_as_written() -> None:
    found = offer(price=2.081)
    assert (found.cost, found.supplier_price) == (Money(209, "USD"), "2.081")


def test_a_duration_as_text() -> None:
    assert offer(duration="10").days == 10


def test_a_duration_in_months() -> None:
    assert offer(duration=2, durationUnit="month").days == 60


def test_a_bundle_that_does_not_start_by_itself_runs_from_its_purchase() -> None:
    assert offer(autostart=False).clock_start == "purchase"


def test_a_null_description_and_unknown_fields() -> None:
    assert offer(description=None, speed=None, brandNew={"a": 1}).name == "esim_1GB_7D_JP_V2"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"price": ...}, "no price"),
        ({"price": None}, "no price"),
        ({"price": 0}, "no price"),
        ({"duration": ...}, "is no possible duration"),
        ({"duration": 0}, "is no possible duration"),
        ({"duration": "soon"}, "is no possible duration"),
        ({"durationUnit": "fortnight"}, "no unit of time"),
        ({"countries": []}, "no known country"),
        ({"countries": ...}, "no known country"),
        ({"countries": [{"iso": "EUL"}], "roamingEnabled": True}, "no known country in EUL"),
        ({"dataAmount": ...}, "no amount of data"),
        ({"dataAmount": -1}, "no amount of data"),
        ({"autostart": ...}, "clock"),
        ({"billingType": "Consumption"}, "billed as Consumption"),
        ({"allowances": [{"type": "DATA", "amount": 1, "unit": "SHEEP"}]}, "SHEEP"),
        ({"name": "x" * 200}, "longer than 120"),
        ({"name": ...}, "missing required field"),
        ({"countries": "JP"}, "Expected"),
        ({"price": "much"}, "decimal"),
    ],
)
def test_a_row_that_is_not_sold(changes: Any, expected: str) -> None:
    assert expected in reason(**changes)


def test_rows_without_a_name_are_told_apart() -> None:
    raw = [json.dumps(ROW | {"name": None, "price": price}).encode() for price in (1, 2, 2)]
    found = list(catalogue.rows(raw, "USD", {}, set()))  # type: ignore[arg-type]
    assert len({one.code for one in found}) == 2


def test_a_row_that_is_no_object() -> None:
    [found] = catalogue.rows([b"[1]"], "USD", {}, set())  # type: ignore[list-item]
    assert isinstance(found, UnreadableRow)
    assert found.raw == {"row": [1]}


def test_networks_by_country_with_their_best_technology() -> None:
    body = (
        b'{"countryNetworks":[{"name":"JP","networks":[{"brandName":"Docomo","speed":["2G","5G"]},{"name":"KDDI"}]}]}'
    )
    assert catalogue.networks_of(wire.networks.decode(body)) == {
        "JP": (
            {"country": "JP", "operator": "Docomo", "technology": "5G"},
            {"country": "JP", "operator": "KDDI", "technology": ""},
        )
    }
