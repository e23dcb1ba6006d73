"""Where a page begins, and what that costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet

from simplane.core.keyset import beyond, until
from simplane.core.models import AuditEntry

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def rows() -> list[AuditEntry]:
    moments = [NOON + timedelta(seconds=second) for second in (0, 1, 1, 1, 2)]
    return AuditEntry.objects.bulk_create(
        AuditEntry(at=at, actor="a", action="b", entity="c", entity_id="d") for at in moments
    )


def test_behind_a_row_are_all_others_of_its_side_and_no_row_twice(rows: list[AuditEntry]) -> None:
    middle = rows[2]

    def found(**order: bool) -> list[int]:
        behind = AuditEntry.objects.filter(beyond("at", middle.at, middle.pk, **order))
        return sorted(behind.values_list("pk", flat=True))

    assert found(falling=True) == [rows[0].pk, rows[1].pk]
    assert found(falling=False) == [rows[3].pk, rows[4].pk]
    assert AuditEntry.objects.filter(beyond("", None, middle.pk, falling=True)).count() == 2
    assert AuditEntry.objects.filter(until("at", middle.at, middle.pk)).count() == 3


def test_a_page_begins_by_an_index(rows: list[AuditEntry]) -> None:
    behind = beyond("at", rows[2].at, rows[2].pk, falling=True)
    assert "Index Cond: (at <=" in plan(AuditEntry.objects.filter(behind).order_by("-at", "-pk")[:2])
    assert "Index Cond: (at <=" in plan(AuditEntry.objects.filter(until("at", rows[2].at, rows[2].pk)))


def plan(wanted: QuerySet[AuditEntry]) -> str:
    """As if the table were large."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    return wanted.explain()
