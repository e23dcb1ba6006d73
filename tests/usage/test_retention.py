"""Days of records have tables of their own, made ahead; what is older than its rule goes, with proof."""

from __future__ import annotations

import hashlib

import pytest

from simplane.core import tenancy
from simplane.core.errors import BadInput
from simplane.core.models import AuditEntry
from simplane.usage import hours, partitions, queries, retention
from simplane.usage.load import load
from simplane.usage.models import Deletion
from tests import factories
from tests.companies import company
from tests.usage.world import DAY, DAYS_DIFFER, NOON, at, metered, record, rows

pytestmark = pytest.mark.django_db


def test_what_came_before_its_days_table_is_moved_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Days for which no other test, which may have committed, made tables.
    noon = NOON.replace(year=NOON.year + 5)
    at(monkeypatch, noon)
    supplier = factories.supplier()
    metered(company("acme"), supplier, "L1")
    load(supplier.pk, [record(1, 10, noon), record(2, 20, noon - 30 * DAY)])
    assert rows("SELECT count(*) FROM usage_event_default") == [(2,)]

    assert partitions.make_ahead() == partitions.BEHIND_DAYS + 1 + partitions.AHEAD_DAYS + 1
    assert partitions.make_ahead() == 0

    assert rows("SELECT count(*) FROM usage_event_default") == [(0,)]
    assert rows("SELECT bytes FROM usage_event_2031_10_19") == [(20,)]
    assert load(supplier.pk, [record(1, 10, noon), record(2, 20, noon - 30 * DAY)]).repeated == 2
    assert rows(DAYS_DIFFER) == []


def test_each_company_keeps_its_usage_as_long_as_it_says_and_gets_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOON)
    supplier = factories.supplier()
    acme, beta = company("acme"), company("beta")
    meter = metered(acme, supplier, "L1", line_id=1)
    metered(beta, supplier, "L2", line_id=2)
    load(supplier.pk, [record(1, 100, country="ES"), record(2, 7, line="L2")])
    hours.roll()
    partitions.make_ahead()
    with tenancy.scope(acme.pk):
        retention.set_retention(raw_days=90, rollup_days=200)
        assert AuditEntry.objects.get().after == {"raw_days": 90, "rollup_days": 200}

    at(monkeypatch, NOON + 90 * DAY)
    assert retention.delete_old() == {"event": 0, "hour": 0, "day": 0}
    at(monkeypatch, NOON + 91 * DAY)
    assert retention.delete_old() == {"event": 1, "hour": 1, "day": 0}

    row = f"{meter.pk}|{NOON.timestamp():.6f}|cdr-1|1|100|ES|"
    with tenancy.scope(acme.pk):
        proof = Deletion.objects.get(what="event")
        assert (proof.rows, proof.bytes, proof.until - proof.since) == (1, 100, DAY)
        assert proof.checksum == hashlib.sha256(row.encode()).hexdigest()
        assert "90 days" in proof.rule
        assert queries.by_day("line", 1, NOON.date(), (NOON + DAY).date()).bytes == 100
    assert rows("SELECT bytes FROM usage_event") == rows("SELECT bytes FROM usage_hour") == [(7,)]

    at(monkeypatch, NOON + 201 * DAY)
    assert retention.delete_old() == {"event": 1, "hour": 1, "day": 1}
    assert rows("SELECT bytes FROM usage_day") == [(7,)]
    assert rows("SELECT to_regclass('usage_event_2026_11_18') IS NULL") == [(True,)]
    with tenancy.scope(beta.pk):
        assert sorted(Deletion.objects.values_list("what", "rows")) == [("event", 1), ("hour", 1)]


@pytest.mark.parametrize(("raw", "rollups"), [(30, 400), (400, 300), (90, 9999)])
def test_a_rule_that_can_not_be_kept_is_refused(raw: int, rollups: int) -> None:
    with tenancy.scope(company("acme").pk), pytest.raises(BadInput, match="not possible"):
        retention.set_retention(raw_days=raw, rollup_days=rollups)
