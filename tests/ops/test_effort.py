"""Processor time as the system counts it."""

from __future__ import annotations

import subprocess
import sys

from simplane.ops.effort import Effort, processor_seconds

CHILD_THAT_WORKS = """
import subprocess, sys, time
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass"], check=True)
print("up", flush=True)
sys.stdin.read()
"""


def test_the_time_of_a_child_that_ended_is_counted() -> None:
    command = [sys.executable, "-c", CHILD_THAT_WORKS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        spent = processor_seconds(process.pid)
        process.communicate("")

    assert 0.4 < spent < 1.5


def test_effort_is_told_a_unit_in_milliseconds() -> None:
    before, after = Effort({"worker": 1.0, "web": 0.5}, 100), Effort({"worker": 3.0, "web": 0.5}, 350)

    assert after.per_unit(before, 100) == {"worker": 20.0, "web": 0.0, "commits": 2.5}
