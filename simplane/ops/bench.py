"""`simplane bench intake|fulfilment|catalog|orders|usage|all`: figures beside a limit of the same run (docs/benches.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

BENCHES = ("intake", "fulfilment", "catalog", "orders", "usage")


def main(argv: list[str]) -> int:
    """Run one bench with the words after its name, or all of them one after the other. 0 when every goal is met."""
    name, *rest = argv or [""]
    if name in BENCHES:
        code: int = import_module(f"simplane.ops.bench_{name}").main(rest)
        return code
    if name == "all":
        return _all(rest)
    print(f"bench: say which: {', '.join(BENCHES)} or all (each takes --json and --help)", file=sys.stderr)
    return 2


def _all(rest: list[str]) -> int:
    """Each in a process of its own, so that none inherits another's memory or settings."""
    results, worst = {}, 0
    for name in BENCHES:
        command = [sys.executable, "-m", "simplane.cli", "bench", name, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            try:
                printed, _ = running.communicate()
            except KeyboardInterrupt:
                running.wait()  # it got the same signal and is cleaning up
                return 130
        worst = worst or running.returncode
        results[name] = json.loads(printed) if printed else {"ok": False, "problem": f"ended with {running.returncode}"}
    print(json.dumps(results, indent=None if "--json" in rest else 1))
    return worst
