"""Runs our own commands as a person does, in an environment of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    """How a command ended; `result` is the one JSON object it printed."""

    code: int
    result: dict[str, Any]
    progress: str


def run(*words: str, seconds: float = 400) -> Done:
    """`simplane words... --json` to its end."""
    done = subprocess.run(
        _command(*words, "--json"),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.stdout.count("\n") == 1, f"one line of JSON was expected:\n{done.stdout}\n{done.stderr[-3000:]}"
    return Done(done.returncode, json.loads(done.stdout), done.stderr)


def start(*words: str) -> subprocess.Popen[str]:
    """The same, under way; its progress comes on `stderr`."""
    return subprocess.Popen(
        _command(*words), cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def interrupt(process: subprocess.Popen[str]) -> None:
    """What Ctrl-C does."""
    process.send_signal(signal.SIGINT)


def environment() -> dict[str, str]:
    """Ours without the tests' database: these commands bring their own."""
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "simplane.cli", *words]
