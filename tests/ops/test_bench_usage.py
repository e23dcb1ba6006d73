"""The usage bench made short, in the tests' own database: every figure is there and every sum is right."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import pytest
from django.db import connection

from simplane.ops import bench_usage, bench_usage_rows
from simplane.usage import partitions

RATES = ("ingest_ratio", "duplicate_ratio", "dashboard_ms", "dashboard_growth", "overview_ms", "hours_rows_per_second")
FORESIGHT = {"forecast_error_of_naive", "band_held", "anomaly_precision", "anomaly_recall"}


@pytest.fixture
def no_tables_left(transactional_db: None) -> Iterator[None]:
    """Tables that the bench makes for itself do not outlive it."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE plain")
        for day in partitions.days():
            cursor.execute(f"DROP TABLE {partitions.name_of(day)}")


@pytest.mark.usefixtures("no_tables_left")
def test_the_bench_prints_its_figures_and_its_sums_are_right() -> None:
    bench_usage_rows.make_companies(3)

    figures = bench_usage.measure(Namespace(rows=3000, stored=18_000, companies=3, rounds=1))

    assert (figures["rows"], figures["stored"], figures["wrong_sums"]) == (3000, 18_000, 0)
    assert all(figures[name] > 0 for name in RATES)
    assert not set(figures["missed"]) & FORESIGHT
