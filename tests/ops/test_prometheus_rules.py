"""The alert rules for Prometheus: valid, tested by Prometheus' own tool, and about figures that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client

from simplane.api import gauges
from simplane.core import clock

RULES = Path(__file__).resolve().parents[2] / "ops" / "prometheus"


@pytest.fixture
def promtool() -> str:
    """Prometheus' own checker, of Debian's package `prometheus`."""
    found = shutil.which("promtool")
    if found is None:
        missing = "promtool is missing: install Debian's package `prometheus` (.ci/run does)"
        if os.environ.get("SIMPLANE_REQUIRE_PROMTOOL") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """One command in the folder of the rules."""
    return subprocess.run(command, cwd=RULES, capture_output=True, text=True, check=False)


def test_the_rules_are_valid(promtool: str) -> None:
    checked = run(promtool, "check", "rules", "--lint=all", "--lint-fatal", "alerts.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_sample_configuration_is_valid(promtool: str) -> None:
    checked = run(promtool, "check", "config", "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_fire_when_they_should(promtool: str) -> None:
    tested = run(promtool, "test", "rules", "alerts_test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_figure_in_a_rule_exists(client: Client, db: None) -> None:
    families = {family.name for part in gauges.PARTS for family in part(clock.now())} | {"simplane_database_up"}
    page = client.get("/metrics").content.decode()
    counted = set(re.findall(r"^# TYPE (\S+) ", page, re.MULTILINE))
    used = set(re.findall(r"\bsimplane_\w+", " ".join(_expressions())))
    histograms = {name.removesuffix("_bucket") for name in used if name.endswith("_bucket")}
    plain = {name for name in used if not name.endswith("_bucket")}
    assert plain | histograms <= families | counted


def _expressions() -> list[str]:
    text = (RULES / "alerts.yml").read_text()
    found = re.findall(r"expr: (\|\n(?:          .*\n)+|.*\n)", text)
    assert len(found) == text.count("- alert:")
    return found
