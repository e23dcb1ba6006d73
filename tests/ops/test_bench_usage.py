"""The usage bench as a person starts it, made short: figures in one JSON object, every sum right."""

from __future__ import annotations

import pytest

from tests.ops.commands import run

GOALS = ("ingest_ratio", "duplicate_ratio", "dashboard_ms", "dashboard_growth", "overview_ms", "hours_rows_per_second")


@pytest.mark.slow
def test_the_bench_prints_its_figures_and_its_sums_are_right() -> None:
    small = ("--rows", "3000", "--stored", "18000", "--companies", "3", "--rounds", "1")

    done = run("bench", "usage", *small)

    assert (done.result["rows"], done.result["stored"], done.result["wrong_sums"]) == (3000, 18000, 0)
    assert all(done.result[name] > 0 for name in GOALS)
    foresight = ("forecast_error_of_naive", "band_held", "anomaly_precision", "anomaly_recall")
    assert set(done.result["missed"]) & set(foresight) == set()
