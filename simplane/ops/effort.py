"""What work cost, whoever else used the machine meanwhile: processor time by part, and commits."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Effort:
    """Totals at one moment: processor seconds of each part (user and system), and commits of the database."""

    seconds: Mapping[str, float]
    commits: int

    def per_unit(self, before: Effort, units: int) -> dict[str, float]:
        """Milliseconds a unit since `before`, by part, and `commits` a unit."""
        found = {name: (total - before.seconds[name]) * 1000 for name, total in self.seconds.items()}
        found["commits"] = self.commits - before.commits
        return {name: round(total / units, 1) for name, total in found.items()}


def processor_seconds(*roots: int) -> float:
    """Processor time of processes, their descendants and those of them that ended. 0 where there is no /proc."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        children[int(after_name[1])].append(int(folder.name))
        ticks[int(folder.name)] = sum(int(one) for one in after_name[11:15])
    total, waiting = 0, list(roots)
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        total += ticks.get(pid, 0)
    return total / os.sysconf("SC_CLK_TCK")


def commits() -> int:
    """Transactions committed in our database since it was made."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        row = cursor.fetchone()
    return int(row[0]) if row else 0
