"""Memory of our processes: resident set size, as a person sees it in `ps`."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


def resident_mb(root: int) -> dict[str, float]:
    """Megabytes (MiB) of a process and all its descendants: their `sum`, and the `largest` one.

    Pages that processes share are counted once for each, so the sum is an upper bound.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    size: dict[int, int] = {}
    for pid, parent, kilobytes in _from_proc() if PROC.is_dir() else _from_ps():
        children[parent].append(pid)
        size[pid] = kilobytes
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        found.append(size.get(pid, 0) / 1024)
    return {"sum": round(sum(found), 1), "largest": round(max(found), 1)}


def _from_proc() -> Iterator[tuple[int, int, int]]:
    for folder in PROC.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            lines = (folder / "status").read_text().splitlines()
        except OSError:
            continue  # it ended meanwhile
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        yield int(folder.name), int(fields["PPid"]), int(fields.get("VmRSS", "0").split()[0])


def _from_ps() -> Iterator[tuple[int, int, int]]:
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], check=True, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        pid, parent, kilobytes = line.split()
        yield int(pid), int(parent), int(kilobytes)
