"""What a company is told of its month's end, of strange days, and what suggestions are made from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simplane.core import tenancy
from simplane.organizations.models import Organization
from simplane.policies.alert_models import Alert
from simplane.suppliers.models import Supplier
from simplane.usage import foresight, strange
from simplane.usage.load import load
from tests import factories
from tests.companies import company, employee
from tests.usage.test_spend import bought
from tests.usage.world import DAY, HOUR, NOON, at, metered, record

pytestmark = pytest.mark.django_db
GB, MB = 10**9, 10**6


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Organization:
    at(monkeypatch, NOON)
    return company("acme")


@pytest.fixture
def supplier() -> Supplier:
    return factories.supplier()


def test_the_month_s_end_is_foretold_from_whole_days_and_is_never_less_than_what_was_used(
    acme: Organization, supplier: Supplier
) -> None:
    metered(acme, supplier, "L1", team_id=3)
    metered(acme, supplier, "L2", line_id=2)
    steady = [record(n, 100 * MB, NOON - n * DAY) for n in range(59)]
    load(supplier.pk, [*steady, record(99, 5 * GB, line="L2")])

    with tenancy.scope(acme.pk):
        team, line = foresight.usage_at_month_end("team", 3), foresight.usage_at_month_end("line", 2)
    assert (team.so_far, team.expected, team.low, team.high) == (1800 * MB, 3000 * MB, 3000 * MB, 3000 * MB)
    assert (team.sure, team.days_known) == (True, 58)
    assert (line.so_far, line.expected) == (5 * GB, None)


def test_spend_at_the_month_s_end_is_foretold_in_its_currency(acme: Organization) -> None:
    for back in range(60):
        bought(acme, f"op-{back}", 500, at=NOON - back * DAY)
    with tenancy.scope(acme.pk):
        told = foresight.spend_at_month_end("EUR")
        assert foresight.spend_at_month_end("USD").expected is None
    assert (told.so_far, told.expected) == (9000, 15_000)


def test_a_strange_day_is_told_once_with_the_person_and_the_country(acme: Organization, supplier: Supplier) -> None:
    ana = employee(acme)
    metered(acme, supplier, "L1", line_id=7, employee_id=ana.pk)
    metered(acme, supplier, "L2", line_id=8)
    usual = [record(n, 200 * MB, NOON - n * DAY, line=line) for n in range(2, 20) for line in ("L1", "L2")]
    yesterday = NOON - DAY
    much = [record(90, 3 * GB, yesterday, country="TR"), record(91, GB, yesterday - HOUR, country="GR")]
    load(supplier.pk, [*usual, *much, record(92, 210 * MB, yesterday, line="L2")])

    assert strange.tell_all() == 1
    assert strange.tell_all() == 1

    with tenancy.scope(acme.pk):
        alert = Alert.objects.get()
    assert (alert.kind, alert.level, alert.subject_id, alert.count, alert.told) == ("usage", "line", 7, 2, 1)
    assert alert.title == "Unusual use: Ana Lima"
    assert alert.text == (
        "The line of Ana Lima used 4 GB on Tuesday 17 November, mostly in TR: 20 times its usual active day (200 MB)."
    )


def test_the_months_of_lines_begin_with_their_first_use(
    acme: Organization, supplier: Supplier, monkeypatch: pytest.MonkeyPatch
) -> None:
    metered(acme, supplier, "L1", line_id=7)
    metered(acme, supplier, "L2", line_id=8)
    first = datetime(2026, 10, 5, tzinfo=UTC)
    load(supplier.pk, [record(1, GB, first, country="ES"), record(2, MB, first + DAY, country="FR"), record(3, 9)])
    at(monkeypatch, NOON + 30 * DAY)

    with tenancy.scope(acme.pk):
        found = foresight.line_months([7, 8])
    assert (found[7].months, found[7].countries) == ((GB + MB, 9), frozenset({"ES", "FR"}))
    assert (found[8].months, found[8].countries) == ((), frozenset())
