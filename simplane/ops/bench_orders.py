"""`simplane bench orders`: wholesale orders by API, beside pgbench doing the same work in the same run.

Slices alternate (our web process, pgbench) on the same database, so a busy machine slows both alike. No worker runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simplane.ops import bench_orders_limits as limits
from simplane.ops.bench_orders_rows import PRODUCTS, RESELLERS, SECRET, make_rows, mismatched
from simplane.ops.load_generator import Answers, LoadGenerator
from simplane.ops.memory import resident_mb
from simplane.ops.scratch import Failed, report, say, scratch_stage
from simplane.ops.steady import make_steady

if TYPE_CHECKING:
    from simplane.ops.processes import Process
    from simplane.ops.stage import Stage

GOALS = {
    "batched_ratio": 2.0,
    "batched_ratio_of_statements": 3.5,
    "unbatched_ratio": 0.95,
    "hot_wallet_ratio": 1.8,
    "basket_ratio": 1.5,
}
GOAL_P99_MS = 30.0
WARM_UP_SECONDS = 3.0
MOST_ALONE = 1.05
"""Orders a commit, when none shares it."""
COMMITS_SECONDS = 1.5
"""A session tells the server's statistics of its commits once a second."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked: of how many resellers, how many lines an order."""

    resellers: int = RESELLERS
    lines: int = 1

    def requests(self) -> Iterator[bytes]:
        """Whole HTTP/1.1 requests without end, each with an idempotency key of its own."""
        run, dice = uuid.uuid4().hex, random.Random(7)
        bodies = [self._body(dice) for _ in range(500)]
        number = 0
        while True:
            number += 1
            yield (
                "POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {SECRET.format(dice.randint(1, self.resellers))}\r\n"
                f"Idempotency-Key: {run}-{number}\r\n{bodies[number % 500]}"
            ).encode()

    def _body(self, dice: random.Random) -> str:
        skus = [f"SKU-{dice.randint(1, PRODUCTS)}" for _ in range(self.lines)]
        body = json.dumps({"lines": [{"sku": sku, "quantity": 1} for sku in skus]})
        return f"Content-Length: {len(body)}\r\n\r\n{body}"


def main(argv: list[str]) -> int:
    """Print the figures; exit code 1 below a goal, on errors, or when a wallet differs from its entries."""
    parser = argparse.ArgumentParser(prog="simplane bench orders", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each slice")
    parser.add_argument("--rounds", type=int, default=3, help="alternations of each comparison")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--only", choices=("batched", "hot", "basket", "unbatched"), help="one comparison of the four")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("bench orders", lambda: _bench(options), as_json=options.json, told=_told)


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    with scratch_stage("bench-orders", {"SIMPLANE_LOG_LEVEL": "WARNING"}) as stage:
        _make_tables(stage)
        make_steady(stage.database_url, _log_files(options))
        with asyncio.Runner() as runner:
            runner.get_loop()  # made before anything is said: an interrupt then finds a loop that can be cancelled
            return _Measured(stage, options, runner).all()


def _log_files(options: argparse.Namespace) -> int:
    """What all slices together write, of 16 MB each: about one a second."""
    each: float = 9 * options.seconds + 12
    rounds: int = options.rounds
    return 16 + round(each * rounds)


class _Measured:
    """One run of the bench."""

    def __init__(self, stage: Stage, options: argparse.Namespace, runner: asyncio.Runner) -> None:
        self._stage = stage
        self._options = options
        self._runner = runner
        self._errors = 0
        self._taken = 0

    def all(self) -> dict[str, Any]:
        web = self._started()
        figures: dict[str, Any] = {}
        for name, measure in (("batched", self._batched), ("hot", self._hot), ("basket", self._basket)):
            if self._options.only in (None, name):
                figures |= measure()
                say(f"{name}: {figures}")
        figures["web_memory_largest_mb"] = resident_mb(web.pid)["largest"]
        if self._options.only in (None, "unbatched"):
            web.stop()
            figures |= self._unbatched()
        return self._judged(figures)

    def _started(self) -> Process:
        web = self._stage.start_web()
        say("web is up; warming up")
        self._flood(Load(), min(WARM_UP_SECONDS, self._options.seconds))
        return web

    def _batched(self) -> dict[str, Any]:
        single = self._beside(Load(), self._function, self._statements)
        return {
            "batched_per_second": round(single[0]),
            "limit_per_second": round(single[1]),
            "batched_ratio": round(single[0] / single[1], 2),
            "batched_ratio_of_statements": round(single[0] / single[2], 2),
            "p99_ms": self._p99(single[0] / 2),
        }

    def _hot(self) -> dict[str, Any]:
        hot = self._beside(Load(resellers=1), self._function)
        return {"hot_wallet_ratio": round(hot[0] / hot[1], 2)}

    def _basket(self) -> dict[str, Any]:
        basket = self._beside(Load(lines=3), lambda: self._function(lines=3))
        return {"basket_ratio": round(basket[0] / basket[1], 2)}

    def _unbatched(self) -> dict[str, Any]:
        self._stage.group.env["SIMPLANE_ORDER_BATCH"] = "1"
        self._started()
        before = _commits()
        self._flood(Load(), 1.0)
        shared = self._taken / (_commits() - before)
        if shared > MOST_ALONE:
            raise Failed(f"{shared:.1f} orders a commit, where each should have its own")
        alone = self._beside(Load(), self._function)
        return {"unbatched_ratio": round(alone[0] / alone[1], 2)}

    def _judged(self, figures: dict[str, Any]) -> dict[str, Any]:
        found = mismatched()
        figures |= found | {"errors": self._errors, "load_1_minute": round(os.getloadavg()[0], 2)}
        written = {found[name] for name in ("orders", "holds", "jobs", "answers", "events")}
        missed = [name for name, goal in GOALS.items() if figures.get(name, goal) < goal]
        if figures.get("p99_ms", 0.0) > GOAL_P99_MS:
            missed.append("p99_ms")
        figures["missed"] = missed
        figures["ok"] = not missed and not self._errors and not found["mismatched_wallets"] and len(written) == 1
        return figures

    def _beside(self, load: Load, *rivals: Callable[[], float]) -> list[float]:
        """Orders a second of us and of each rival: medians over alternating slices."""
        rates: list[list[float]] = [[] for _ in range(len(rivals) + 1)]
        for _ in range(self._options.rounds):
            answers = self._flood(load, self._options.seconds)
            rates[0].append(answers.taken / answers.seconds)
            for place, rival in enumerate(rivals, 1):
                rates[place].append(rival())
        return [statistics.median(one) for one in rates]

    def _flood(self, load: Load, seconds: float) -> Answers:
        generator = LoadGenerator(self._stage.ports.web, self._options.connections, good=201)
        answers = self._runner.run(generator.flood(load.requests(), seconds))
        self._errors += answers.errors
        self._taken = answers.taken
        return answers

    def _p99(self, per_second: float) -> float:
        """At an even rate, counted from the moment each request was due."""
        every = Load().requests()
        wanted = iter([next(every) for _ in range(round(per_second * self._options.seconds * 2))])
        generator = LoadGenerator(self._stage.ports.web, self._options.connections, good=201)
        answers = self._runner.run(generator.pace(wanted, per_second))
        self._errors += answers.errors
        return round(statistics.quantiles(answers.latencies, n=100)[98] * 1000, 1)

    def _function(self, lines: int = 1) -> float:
        return limits.function(self._stage, self._options.connections, self._options.seconds, lines=lines)

    def _statements(self) -> float:
        return limits.statements(self._stage, self._options.connections, self._options.seconds)


def _make_tables(stage: Stage) -> None:
    os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    make_rows()


def _commits() -> int:
    from django.db import connection

    time.sleep(COMMITS_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _told(figures: dict[str, Any]) -> str:
    goals = {**GOALS, "p99_ms": GOAL_P99_MS}
    lines = [f"{name:28} {figures[name]:>7}  (goal {goal})" for name, goal in goals.items() if name in figures]
    if "limit_per_second" in figures:
        lines.append(
            f"{figures['batched_per_second']:,} orders a second beside {figures['limit_per_second']:,} of pgbench"
        )
    whole = (
        f"{figures['orders']:,} orders, {figures['mismatched_wallets']} mismatched wallets, {figures['errors']} errors"
    )
    return "\n".join([*lines, whole])
