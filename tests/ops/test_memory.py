"""Memory as the system counts it."""

from __future__ import annotations

import subprocess
import sys

from simplane.ops.memory import resident_mb

HOLDS_50_MB = """
import subprocess, sys
held = bytearray(b"x" * 50_000_000)
child = subprocess.Popen([sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"], stdin=sys.stdin)
child.wait()
"""


def test_a_process_is_counted_with_its_children() -> None:
    command = [sys.executable, "-c", HOLDS_50_MB]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        memory = resident_mb(process.pid)
        process.communicate("")

    assert 50 < memory["largest"] < 90
    assert memory["largest"] + 4 < memory["sum"] < 130


def test_a_process_that_is_gone_uses_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert resident_mb(process.pid) == {"sum": 0.0, "largest": 0.0}
