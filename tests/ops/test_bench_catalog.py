"""The catalogue bench as a person starts it: figures in one JSON object, nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
KEYS = (
    *("rows", "first_seconds", "first_rows_per_second", "second_seconds", "second_rows_per_second"),
    *("copy_rows_per_second", "first_ratio", "second_ratio"),
)


@pytest.mark.slow
@pytest.mark.django_db
def test_the_bench_prints_its_figures_and_drops_its_database() -> None:
    command = [sys.executable, "-m", "simplane.cli", "bench", "catalog", "--rows", "300", "--rounds", "1", "--json"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    figures = json.loads(done.stdout)
    assert done.returncode == 0
    assert (figures["ok"], figures["rows"], figures["second_unchanged"]) == (True, 300, 300)
    assert all(figures[key] > 0 for key in KEYS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_database WHERE datname = 'simplane_bench_catalog_' || %s", [figures["pid"]]
        )
        assert cursor.fetchone() == (0,)
