"""A supplier counts up; what is booked is the difference: repeated, out of order, after a new plan, corrected downwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.lines.actions import apply_read
from simplane.lines.models import Line
from simplane.organizations.models import Organization
from simplane.suppliers.values import LineStatus
from simplane.usage import actions, queries
from simplane.usage.meters import MeteredElsewhere
from simplane.usage.models import Meter
from simplane.usage.readings import Reading, used_since
from tests import factories
from tests.companies import company
from tests.usage.world import DAY, DAYS_DIFFER, HOUR, NOON, at, metered, rows

GB = 1_000_000_000
LAST = Reading(used=500, at=NOON, plan="a")


@pytest.mark.parametrize(
    ("reading", "used"),
    [
        (Reading(used=700, at=NOON + HOUR, plan="a"), 200),
        (Reading(used=500, at=NOON + HOUR, plan="a"), 0),
        (Reading(used=700, at=NOON, plan="a"), 200),
        (Reading(used=500, at=NOON, plan="a"), None),
        (Reading(used=400, at=NOON, plan="b"), None),
        (Reading(used=400, at=NOON - HOUR, plan="a"), None),
        (Reading(used=40, at=NOON + HOUR, plan="b"), 40),
        (Reading(used=700, at=NOON + HOUR, plan="b"), 200),
        (Reading(used=450, at=NOON + HOUR, plan="a"), -50),
    ],
    ids=[
        "more",
        "same",
        "more at one moment",
        "same at one moment",
        "less at one moment",
        "older",
        "new plan",
        "topped up",
        "corrected",
    ],
)
def test_what_was_used_between_two_readings(reading: Reading, used: int | None) -> None:
    assert used_since(LAST, reading) == used


def test_the_first_reading_counts_whole() -> None:
    assert used_since(None, LAST) == 500


@pytest.fixture
def line(db: None, monkeypatch: pytest.MonkeyPatch) -> Line:
    at(monkeypatch, NOON)
    return factories.line(issued_at=NOON - 5 * DAY, country="ES", expires_at=NOON + 20 * DAY)


@pytest.fixture
def acme(line: Line) -> Organization:
    acme = company("acme")
    metered(acme, line.supplier, line.supplier_line_id, line_id=7, employee_id=4)
    return acme


def read(line: Line, used: int, when: datetime, **fields: object) -> None:
    """The supplier is asked and says this."""
    with transaction():
        apply_read(line, LineStatus(at=when, usage_at=when, data_used=used, **fields))  # type: ignore[arg-type]
        actions.note_reading_of(line)


@pytest.mark.django_db
def test_readings_of_a_companys_line_become_days_of_its_employee(line: Line, acme: Organization) -> None:
    for used, back in ((GB, 3), (GB, 3), (1_500_000_000, 2), (1_200_000_000, 2), (2 * GB, 1)):
        read(line, used, NOON - back * DAY)
    read(line, 100, NOON, data_total=5 * GB, expires_at=NOON + 50 * DAY)

    with tenancy.scope(acme.pk):
        days = queries.by_day("employee", 4, (NOON - 4 * DAY).date(), (NOON + DAY).date())
        assert [one.bytes for one in days.rows] == [0, GB, GB // 2, GB // 2, 100]
        assert (days.fresh.newest, days.fresh.oldest, days.fresh.lines) == (NOON, NOON, 1)
        assert queries.freshness_by_supplier()[0].supplier == line.supplier.code
        assert [one.key for one in queries.by_country((NOON - 4 * DAY).date(), (NOON + DAY).date()).rows] == ["ES"]
    assert rows(DAYS_DIFFER) == []


@pytest.mark.django_db
def test_what_is_measured_before_the_sale_counts_at_the_sale_each_reading_once(line: Line, acme: Organization) -> None:
    """eSIM Access tells usage hours late: until then its moments lie before the line was there."""
    sold = line.issued_at
    for used in (0, 300, 300, 700, 600):
        read(line, used, sold - HOUR)
    assert rows("SELECT bytes, started_at FROM usage_event ORDER BY bytes") == [(300, sold), (400, sold)]
    read(line, 800, sold + HOUR)
    with tenancy.scope(acme.pk):
        days = queries.by_day("employee", 4, sold.date(), sold.date() + DAY)
        assert sum(one.bytes for one in days.rows) == 800


def test_a_correction_downwards_is_booked_negative(line: Line, acme: Organization) -> None:
    read(line, 900, NOON - 2 * HOUR)
    read(line, 850, NOON - HOUR)

    assert rows("SELECT bytes FROM usage_event ORDER BY started_at") == [(900,), (-50,)]
    assert rows("SELECT bytes, records FROM usage_day") == [(850, 2)]


@pytest.mark.django_db
def test_a_line_of_nobody_is_not_metered(line: Line) -> None:
    read(line, 900, NOON)

    assert rows("SELECT count(*) FROM usage_event") == [(0,)]


@pytest.mark.django_db
def test_a_supplier_line_never_changes_its_line_or_its_company(line: Line, acme: Organization) -> None:
    for other, number in ((acme, 8), (company("beta"), 7)):
        with pytest.raises(MeteredElsewhere, match="metered for another line"):
            metered(other, line.supplier, line.supplier_line_id, line_id=number)
    with tenancy.everywhere():
        assert Meter.objects.get().organization_id == acme.pk


@pytest.mark.django_db
def test_an_ended_meter_is_asked_no_more_and_late_records_still_count(line: Line, acme: Organization) -> None:
    with transaction():
        actions.end_meter(organization_id=acme.pk, supplier_id=line.supplier_id, supplier_line_id=line.supplier_line_id)
    read(line, 900, NOON - timedelta(minutes=1))

    with tenancy.scope(acme.pk):
        assert Meter.objects.get().ended_at == NOON
        assert queries.month_to_date().bytes == 900
