"""The machine: programs, front-end files, disk. Needs no settings and no database."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from simplane.ops import frontend
from simplane.ops.doctor_findings import State

Said = tuple[State, str, str]
NODE = 20
LITTLE, TOO_LITTLE = 2_000_000_000, 300_000_000
"""Bytes free on the disk of the state folder."""


def programs() -> Iterator[Said]:
    """Python, Node.js, Chromium, promtool."""
    yield "ok", f"Python {platform.python_version()}", ""  # `make setup` refuses one that is too old
    yield _node()
    for program, what, package in (
        ("chromium", "the browser tests", "chromium"),
        ("promtool", "the tests of the Prometheus rules", "prometheus"),
    ):
        if shutil.which(program):
            yield "ok", f"{program} is here", ""
        else:
            yield "note", f"{program} is not installed; only {what} need it", f"apt-get install {package}"


def _node() -> Said:
    fix = f"install Node.js {NODE} or newer; it is needed for front-end files only"
    found = shutil.which("node")
    if found is None:
        return "warn", "Node.js is not installed", fix
    said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    major = said.lstrip("v").split(".")[0]
    if major.isdigit() and int(major) >= NODE:
        return "ok", f"Node.js {said.lstrip('v')}", ""
    return "warn", f"Node.js {said or 'does not answer'}", fix


def front_end() -> Iterator[Said]:
    """Whether pages will have their style."""
    if missing := frontend.missing():
        yield "fail", f"front-end files are missing: {', '.join(missing)}", "run `simplane frontend`"
    else:
        yield "ok", "front-end files are in place", ""


def disk(state_dir: Path) -> Iterator[Said]:
    """Room in the state folder."""
    folder = next(one for one in (state_dir, *state_dir.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free for the state folder"
    if free < TOO_LITTLE:
        yield "fail", text, "make room now: a full disk stops the database and every webhook"
    elif free < LITTLE:
        yield "warn", text, "make room soon"
    else:
        yield "ok", text, ""
