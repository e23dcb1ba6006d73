"""Lines and callbacks of eSIM Go in every type they have been seen in (reference 1.5 and 1.7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simplane.suppliers.esimgo import lines, webhooks, wire

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def assignment(**fields: Any) -> wire.Assignment:
    body = {"bundles": [{"name": "x", "assignments": [{"bundleState": "active"} | fields]}]}
    bundles = wire.bundles.decode(json.dumps(body).encode()).bundles
    assert bundles
    assert bundles[0].assignments
    return bundles[0].assignments[0]


def allowance(initial: float, remaining: float, unit: str) -> dict[str, Any]:
    return {"type": "DATA", "initialAmount": initial, "remainingAmount": remaining, "unit": unit}


@pytest.mark.parametrize(
    ("initial", "remaining", "unit"),
    [(1e9, 4e8, "BYTES"), (1000, 400, "MB"), (1, 0.4, "GB"), (1_000_000, 400_000, "KB"), (1000, 400, " mb ")],
)
def test_allowances_count_by_their_unit(initial: float, remaining: float, unit: str) -> None:
    found = lines.data([assignment(allowances=[allowance(initial, remaining, unit)])])
    assert found == lines.Data(1_000_000_000, 600_000_000)


def test_an_unknown_unit_is_no_answer() -> None:
    with pytest.raises(ValueError, match="TB"):
        lines.data([assignment(allowances=[allowance(1, 1, "TB")])])


def test_allowances_count_before_the_deprecated_quantities() -> None:
    one = assignment(initialQuantity=7, remainingQuantity=7, allowances=[allowance(10, 4, "BYTES")])
    assert lines.data([one]) == lines.Data(10, 6)


def test_minutes_are_no_data() -> None:
    voice = {"type": "VOICE", "initialAmount": 100, "remainingAmount": 100, "unit": "MINS"}
    one = assignment(initialQuantity=10, remainingQuantity=4, allowances=[voice])
    assert lines.data([one]) == lines.Data(10, 6)


def test_an_unlimited_line_says_no_figures() -> None:
    assert lines.data([assignment(initialQuantity=0, remainingQuantity=0, unlimited=True)]) == lines.Data(None, None)


def test_more_remaining_than_there_was_is_nothing_used() -> None:
    assert lines.data([assignment(initialQuantity=5, remainingQuantity=9)]) == lines.Data(5, 0)


def test_queued_bundles_add_up_with_the_running_one() -> None:
    both = [
        assignment(initialQuantity=5, remainingQuantity=1),
        assignment(bundleState="queued", initialQuantity=5, remainingQuantity=5),
    ]
    status = lines.plan_status(both, NOW)
    assert (status.plan, status.data_total, status.data_used) == ("active", 10, 4)


@pytest.mark.parametrize(
    ("states", "plan", "service"),
    [
        (["processing"], "queued", None),
        (["expired", "queued"], "queued", None),
        (["depleted", "queued"], "queued", None),
        (["depleted"], "depleted", None),
        (["lapsed"], "expired", None),
        (["revoked"], "expired", "terminated"),
        (["revoked", "expired"], "expired", None),
        ([], None, None),
        (["something new"], None, None),
    ],
)
def test_bundles_make_a_plan(states: list[str], plan: str | None, service: str | None) -> None:
    status = lines.plan_status([assignment(bundleState=state) for state in states], NOW)
    assert (status.plan, status.service) == (plan, service)


@pytest.mark.parametrize(
    ("profile", "state", "expected"),
    [
        ("Released", "active", ("released", "active")),
        ("Installed", "suspended", ("installed", "suspended")),
        ("Deactivated", "deactivated", (None, "terminated")),
        ("Deactivated", None, (None, "terminated")),
        ("Unavailable", None, ("unknown", "active")),
        ("Brand-new", "brand-new", (None, "active")),
    ],
)
def test_an_esim_has_profile_and_service(profile: str, state: str | None, expected: Any) -> None:
    status = lines.status(wire.Esim("8943108167001960542", profile_status=profile, state=state), [], NOW)
    assert (status.profile, status.service) == expected


@pytest.mark.parametrize("value", ["2024-08-13T09:37:57.280Z", 1723541877280, 1723541877280.0])
def test_install_times_in_both_forms(value: Any) -> None:
    assert wire.moment(value) == datetime(2024, 8, 13, 9, 37, 57, 280_000, UTC)


def test_an_impossible_time_is_no_answer() -> None:
    with pytest.raises(ValueError, match="milliseconds"):
        wire.moment(10**30)


def told(**body: Any) -> Any:
    [found] = webhooks.parse(json.dumps(body).encode(), "USD")
    return found


def test_first_use_with_an_iccid_as_a_number() -> None:
    bundle = {"name": "a", "initialQuantity": 10, "remainingQuantity": 9}
    found = told(iccid=8944538532008160222, alertType="FirstUse", bundle=bundle)
    assert (found.iccid, found.moment, found.status.plan) == ("8944538532008160222", "first_use", "active")


def test_first_use_without_a_bundle() -> None:
    assert told(iccid="8944538532008160222", alertType="FirstUse").status.plan == "active"


def test_everything_used() -> None:
    bundle = {"name": "a", "initialQuantity": 10, "remainingQuantity": 0}
    assert told(iccid="8944538532008160222", alertType="Utilisation", bundle=bundle).status.plan == "depleted"


def test_usage_of_an_unlimited_bundle_says_no_figures() -> None:
    bundle = {"name": "a", "initialQuantity": 0, "remainingQuantity": 0, "unlimited": True}
    status = told(iccid="8944538532008160222", alertType="Utilisation", bundle=bundle).status
    assert (status.plan, status.data_total, status.data_used) == ("active", None, None)


def test_a_scheduled_deletion() -> None:
    found = told(date="2026-06-22T13:03:31Z", event="esim.deletion_scheduled", iccid="8943108161000670038")
    assert (found.moment, found.status.service) == ("deletion_scheduled", "deletion_scheduled")


@pytest.mark.parametrize("kind", ["Topup", "AutoTopup", "eSIMGoTopup", "MSISDNEnabled", "SMSFailed", "usage", "New"])
def test_other_kinds_are_only_kept(kind: str) -> None:
    found = told(iccid="8944538532008160222", alertType=kind, bundle={"oldAmount": 1, "newAmount": 2})
    assert (found.kind, found.topic, found.status) == ("other", kind, None)
