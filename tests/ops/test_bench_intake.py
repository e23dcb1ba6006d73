"""The intake bench as a person starts it, short: whether its figures are good is for a quiet machine to say."""

from __future__ import annotations

import os

import pytest

from simplane.ops import bench_intake
from tests.ops import commands


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_what_was_answered_is_stored_and_the_limit_is_measured_beside_it() -> None:
    done = commands.run("bench", "intake", "--seconds", "1", "--rounds", "1", "--connections", "8")

    result = done.result
    assert (result["errors"], result["rounds"], result["connections"]) == (0, 1, 8)
    assert result["sent"] == result["stored"] > 20
    assert result["ratio"] == result["ratios"][0] > 0
    assert 0 < result["p50_ms"] <= result["p99_ms"]
    assert 0 < result["web_memory_largest_mb"] <= result["web_memory_mb"]
    assert (done.code == 0) == result["ok"]


@pytest.mark.slow
@pytest.mark.xdist_group("stages")
def test_ctrl_c_stops_everything_it_started() -> None:
    with commands.start("bench", "intake", "--seconds", "60") as bench:
        assert bench.stderr is not None
        assert "web is up" in bench.stderr.readline()
        started = descendants(bench.pid)
        commands.interrupt(bench)
        printed, progress = bench.communicate(timeout=60)

    assert (bench.returncode, printed) == (130, "")
    # Whatever it was just making when the key was pressed, Python may complain about after these last words of ours.
    assert "bench intake: interrupted, everything is stopped" in progress.splitlines()
    assert started != []
    assert [pid for pid in started if os.path.exists(f"/proc/{pid}")] == []


def descendants(root: int) -> list[int]:
    """Process ids below a process (the database's server processes hang on their own)."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            below = [int(one) for one in children.read().split()]
        found += below
        waiting += below
    return found


def test_pgbench_runs_the_very_statement_of_the_inbox() -> None:
    script = bench_intake._script()

    assert script.count("INSERT INTO core_inboxmessage") == script.count("INSERT INTO procrastinate_jobs") == 8
    assert "%(" not in script
    assert "ARRAY[convert_to(:body7, 'UTF8')]::bytea[]" in script
