"""Raw records are stored once and rolled up with them: repeated, late, corrected, and after a move."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from simplane.core import tenancy
from simplane.core.models import Event
from simplane.organizations.models import Organization
from simplane.suppliers.models import Supplier
from simplane.usage import hours, months, queries
from simplane.usage.load import FEW, LATEST, load
from simplane.usage.values import Loaded, Share
from tests import factories
from tests.companies import company
from tests.usage.world import DAY, DAYS_DIFFER, HOUR, HOURS_DIFFER, NOON, at, metered, record, rows

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Organization:
    at(monkeypatch, NOON)
    return company("acme")


@pytest.fixture
def supplier() -> Supplier:
    return factories.supplier()


def test_a_record_counts_once_however_often_and_in_whatever_order_it_comes(
    acme: Organization, supplier: Supplier
) -> None:
    metered(acme, supplier, "L1", line_id=7, team_id=3)
    first = [record(1, 100), record(2, 50, NOON - HOUR, country="ES", network="21407"), record(1, 100)]

    assert load(supplier.pk, first) == Loaded(new=2, repeated=1, lines={acme.pk: (7,)})
    assert load(supplier.pk, [record(3, 5), *reversed(first)]) == Loaded(new=1, repeated=3, lines={acme.pk: (7,)})
    assert load(supplier.pk, first) == Loaded(repeated=3)
    with tenancy.scope(acme.pk):
        assert queries.by_day("team", 3, TODAY, TODAY + DAY).bytes == 155
        assert queries.by_country(TODAY, TODAY + DAY).rows == (Share(key="", bytes=105), Share(key="ES", bytes=50))
    told = [one.data for one in Event.objects.filter(name="UsageStored")]
    assert told == [{"organization_id": acme.pk, "line_ids": [7]}] * 2
    assert rows(DAYS_DIFFER) == []


def test_many_records_go_the_way_by_copy_and_mean_the_same(acme: Organization, supplier: Supplier) -> None:
    metered(acme, supplier, "L1")
    odd = record(0, 1, network="a\tb\\c")
    many = [odd, *(record(n, n, NOON - n * HOUR / 60) for n in range(1, FEW + 10))]

    assert load(supplier.pk, many).new == FEW + 10
    assert load(supplier.pk, many).repeated == FEW + 10
    with tenancy.scope(acme.pk):
        assert queries.by_day("organization", None, TODAY - DAY, TODAY + DAY).bytes == 1 + sum(range(FEW + 10))
        assert queries.by_network(TODAY, TODAY + DAY).rows[-1].key == "a\tb\\c"
    assert rows(DAYS_DIFFER) == []


def test_a_newer_version_corrects_a_record_and_its_sums_by_the_difference(
    acme: Organization, supplier: Supplier
) -> None:
    metered(acme, supplier, "L1")
    load(supplier.pk, [record(1, 100, country="ES"), record(2, 10)])

    corrected = load(supplier.pk, [record(1, 70, country="FR", version=2), record(3, 4, version=3), record(3, 9)])

    assert (corrected.new, corrected.corrected, corrected.repeated) == (1, 1, 1)
    assert load(supplier.pk, [record(1, 100, country="ES"), record(1, 99, version=2)]).repeated == 2
    with tenancy.scope(acme.pk):
        shares = queries.by_country(TODAY, TODAY + DAY).rows
    assert [(one.key, one.bytes) for one in shares] == [("FR", 70), ("", 14), ("ES", 0)]
    assert rows(DAYS_DIFFER) == []


def test_hours_follow_late_and_corrected_records(acme: Organization, supplier: Supplier) -> None:
    metered(acme, supplier, "L1")
    load(supplier.pk, [record(n, 10, NOON - n * HOUR / 2) for n in range(1, 60)])
    assert hours.roll() == 2
    assert hours.roll() == 0
    assert rows(HOURS_DIFFER) == []

    load(supplier.pk, [record(90, 5, NOON - 20 * DAY), record(1, 7, NOON - HOUR / 2, version=2)])
    assert hours.roll() == 2
    assert rows(HOURS_DIFFER) == []
    with tenancy.scope(acme.pk):
        late = queries.by_hour("line", 1, NOON - 20 * DAY, NOON - 19 * DAY)
    assert late == ((NOON - 20 * DAY, 5),)


def test_what_was_used_before_a_move_stays_with_the_old_team_also_when_it_is_told_late(
    acme: Organization, supplier: Supplier, monkeypatch: pytest.MonkeyPatch
) -> None:
    metered(acme, supplier, "L1", team_id=1, cost_centre_id=10)
    load(supplier.pk, [record(1, 100)])
    at(monkeypatch, NOON + DAY)
    metered(acme, supplier, "L1", team_id=2, cost_centre_id=20)
    metered(acme, supplier, "L1", team_id=2, cost_centre_id=20)

    load(supplier.pk, [record(2, 7, NOON + HOUR), record(3, 1, NOON + DAY), record(1, 90, version=2)])

    with tenancy.scope(acme.pk):
        span = (date(2026, 11, 1), date(2026, 12, 1))
        assert [(one.key, one.bytes) for one in queries.by_team(*span).rows] == [(1, 97), (2, 1)]
        assert [(one.key, one.bytes) for one in queries.by_cost_centre(*span).rows] == [(10, 97), (20, 1)]
        assert queries.month_to_date("line", 1).bytes == 98
        assert queries.month_to_date_of("team", [1, 2, 3]) == {1: 97, 2: 1, 3: 0}
    assert rows("SELECT count(*) FROM usage_assignment") == [(2,)]
    assert rows(DAYS_DIFFER) == []


def test_records_of_nobodys_line_and_of_impossible_times_change_nothing(acme: Organization, supplier: Supplier) -> None:
    metered(acme, supplier, "L1")
    wrong = [record(1, 1, NOON + DAY), record(2, 1, NOON - LATEST - HOUR), record(3, 1, line="somebody's")]

    assert load(supplier.pk, wrong) == Loaded(refused=2, unmetered=1)
    assert rows("SELECT count(*) FROM usage_event") == rows("SELECT count(*) FROM usage_day") == [(0,)]


def test_no_company_sees_the_usage_of_another(acme: Organization, supplier: Supplier) -> None:
    beta = company("beta")
    metered(acme, supplier, "L1", line_id=1)
    metered(beta, supplier, "L2", line_id=2)
    load(supplier.pk, [record(1, 100), record(1, 30, line="L2")])
    hours.roll()

    with tenancy.scope(beta.pk):
        assert queries.by_day("organization", None, TODAY, TODAY + DAY).bytes == 30
        for table in ("event", "day", "hour", "meter", "assignment"):
            assert rows(f"SELECT DISTINCT organization_id FROM usage_{table}") == [(beta.pk,)]


def test_rules_are_told_the_month_of_the_companys_own_time_zone(acme: Organization, supplier: Supplier) -> None:
    """In Berlin this month began at 23:00 UTC the day before."""
    began = datetime(2026, 10, 31, 23, tzinfo=UTC)
    metered(acme, supplier, "L1", line_id=7, employee_id=4, team_id=3, cost_centre_id=2)
    metered(acme, supplier, "L2", line_id=8, team_id=3)
    metered(company("beta"), supplier, "L3", line_id=9)
    before = [record(1, 1, began - HOUR / 2), record(2, 10, began + HOUR / 2), record(3, 100, NOON, country="ES")]
    load(supplier.pk, [*before, record(4, 1000, line="L2"), record(5, 5, line="L3")])
    hours.roll()

    assert months.used_since(acme.pk, "company", [], began) == {0: 1110}
    assert months.used_since(acme.pk, "team", [3, 99], began) == {3: 1110, 99: 0}
    assert months.used_since(acme.pk, "employee", [4], began - HOUR) == {4: 111}
    with tenancy.scope(acme.pk):
        one, two = months.lines_since(acme.pk, None, began)
    assert (one.line_id, one.line_bytes, one.employee_bytes, one.team_bytes, one.company_bytes) == (
        7,
        110,
        110,
        1110,
        1110,
    )
    assert (one.country, one.last_use_at, one.since, one.plan_bytes) == ("ES", NOON, NOON, None)
    assert (two.line_id, two.line_bytes, two.employee_bytes, two.team_bytes) == (8, 1000, 0, 1110)
    assert [found.line_id for found in months.lines_since(acme.pk, [8, 9], began)] == [8]
