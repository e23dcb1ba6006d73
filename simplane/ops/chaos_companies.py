"""`simplane chaos --companies`: many companies give, pause, replace and end lines under faults and kills; then everybody's books.

While companies wish, suppliers fail before, during and after they commit, webhooks come twice, late and in another order, and
processes are killed with -9. Afterwards states equal the suppliers' own books, no line was billed twice, no hard budget was
overdrawn, and every line over its cap is stopped.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from typing import Any

from simplane.ops import chaos_faults, companies_storm, companies_verdict
from simplane.ops.chaos_calm import settle
from simplane.ops.chaos_director import Director
from simplane.ops.chaos_plan import Step
from simplane.ops.scratch import report, say, scratch_stage
from simplane.ops.stage import Stage

SETTINGS = {"SIMPLANE_DELIVERY_CLOCK_SECONDS": "[36000, 36001, 36002, 36003]", "SIMPLANE_LOG_LEVEL": "WARNING"}
KILL_EVERY_SECONDS, DOWN_SECONDS = 4.0, 1.0


def main(argv: list[str]) -> int:
    """Exit code 0 when states equal the books, nothing is billed twice and no rule is breached."""
    parser = argparse.ArgumentParser(prog="simplane chaos --companies", description=__doc__)
    parser.add_argument("--tenants", type=int, default=20, metavar="N")
    parser.add_argument("--lines", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1, help="another seed is another storm")
    parser.add_argument("--minutes", type=float, default=20.0, help="most minutes of calm after the storm")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("chaos --companies", lambda: _chaos(options), as_json=options.json, told=_told)


def _chaos(options: argparse.Namespace) -> dict[str, Any]:
    started = time.monotonic()
    with scratch_stage("chaos-companies", SETTINGS) as stage:
        say("bringing up stand-ins, tables, catalogues")
        stage.start_stand_ins()
        chaos_faults.prepare(stage)
        stage.prepare(chaos_faults.SUPPLIER_OPTIONS)
        os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
        import django

        django.setup()
        companies = companies_storm.found(options.tenants, options.lines)
        director = Director(stage, options.workers)
        say(f"storm: {len(companies)} companies, {options.lines} lines")
        chaos_faults.begin(stage, options.seed)
        wishes = _storm(director, companies_storm.Storm(stage, companies, options.lines, options.seed), options)
        director.everything_runs()
        faults = sum(chaos_faults.end(stage).values())
        say(f"calm: {faults} faults struck, {director.kills.total()} kills, wishes {wishes}")
        still = _calm(stage, director, time.monotonic() + options.minutes * 60)
        found = companies_verdict.judge(companies_verdict.collect(stage))
        return {
            "ok": not found["wrong"] and not still and not director.ended,
            "companies": len(companies),
            "seed": options.seed,
            "wishes": wishes,
            **found,
            "still_open": still,
            "faults": faults,
            "kills": dict(director.kills),
            "ended_by_themselves": dict(director.ended),
            "clock_put_forward_seconds": director.shifted,
            "seconds": round(time.monotonic() - started, 1),
        }


def _storm(director: Director, storm: companies_storm.Storm, options: argparse.Namespace) -> dict[str, int]:
    """Wishes in this thread, kills in another."""
    over = threading.Event()
    steps = _kills(options)
    killer = threading.Thread(target=director.carry_out, args=(steps, over.is_set), name="killer")
    killer.start()
    try:
        return storm.blow()
    finally:
        over.set()
        killer.join()


def _kills(options: argparse.Namespace) -> list[Step]:
    names = [f"worker-{number}" for number in range(1, options.workers + 1)]
    turn = [*names, "esimgo", *names, "web", *names, "esimaccess"]
    steps = []
    for number in range(options.kills):
        at, name = (number + 1) * KILL_EVERY_SECONDS, turn[number % len(turn)]
        steps += [Step(at, "kill", {"name": name}), Step(at + DOWN_SECONDS, "start", {"name": name})]
    return steps


def _calm(stage: Stage, director: Director, until: float) -> dict[str, int]:
    """Wait until nothing is under way; every line is read once more, as its timetable would. Returns what stayed open."""
    settle(stage, director, until)
    companies_storm.read_all_lines()
    return settle(stage, director, until)


def _told(result: dict[str, Any]) -> str:
    wrong = "".join(f"\n  WRONG  {line}" for line in result["wrong"])
    return (
        f"{result['companies']} companies, {result['lines']} lines, wishes {result['wishes']}, {result['faults']} faults,"
        f" kills {result['kills']}, {result['seconds']:.0f} s\n"
        f"  bought {result['bought']}, billed {result['billed']}, states that differ {result['differ']}\n"
        f"  over budget {result['over_budget']}, over a cap and running {result['over_cap']}{wrong}\n"
        f"{'ok' if result['ok'] else 'FAILED'}"
    )
