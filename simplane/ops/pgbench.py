"""pgbench in its steady state: the limit that a bench compares with."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simplane.ops import postgres
from simplane.ops.scratch import Failed

if TYPE_CHECKING:
    from simplane.ops.stage import Stage

WARM_UP_SECONDS = 2
"""Its connections begin cold: each plans and fills its caches first."""
_PROGRESS = re.compile(r"^progress: ([0-9.]+) s, ([0-9.]+) tps")


def rate(
    stage: Stage, script: str, connections: int, seconds: float, variables: Mapping[str, str] | None = None
) -> float:
    """Runs of `script` a second, prepared, after a warm-up. Raises Failed when any run failed."""
    path = stage.folder / "limit.sql"
    path.write_text(script)
    whole = WARM_UP_SECONDS + max(1, round(seconds))
    command = [str(postgres.binaries() / "pgbench"), "-n", "-M", "prepared", "-P", "1", "-f", str(path)]
    command += ["-c", str(connections), "-j", "2", "-T", str(whole)]
    command += [word for name, value in (variables or {}).items() for word in ("-D", f"{name}={value}")]
    done = subprocess.run([*command, stage.database_url], capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith("number of failed") and " 0 (" not in line]
    rates = steady(done.stderr)
    # A client that meets an SQL error is dropped and the rest looks fast: look before believing.
    if done.returncode or failed or not rates or "aborted" in done.stderr:
        raise Failed(f"pgbench: {' '.join(failed)} {done.stderr[-500:]}")
    return statistics.fmean(rates)


def steady(progress: str) -> list[float]:
    """Rates of the seconds after the warm-up, by its progress lines."""
    found = [_PROGRESS.match(line) for line in progress.splitlines()]
    return [float(one[2]) for one in found if one and float(one[1]) > WARM_UP_SECONDS + 0.5]
