"""`simplane bench intake`: webhooks verified, stored and answered, beside pgbench inserting the same rows.

The web process runs as in production, no worker takes the jobs. Slices alternate (webhooks, pgbench, webhooks, …) on
the same empty tables with the same bodies and the same number of connections, so a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import uuid
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Any

from simplane.ops import pgbench
from simplane.ops.load_generator import Answers, LoadGenerator
from simplane.ops.memory import resident_mb
from simplane.ops.sample_order import Signed, Sold, SoldLine, signed
from simplane.ops.scratch import report, say, scratch_stage

if TYPE_CHECKING:
    from simplane.ops.stage import Stage

SHOP, DOMAIN, SECRET = "bench", "bench.myshopify.com", "bench-secret-not-real"
GOAL_RATIO = 0.5
BODIES = 8
WARM_UP_SECONDS = 2.0
TABLES = "core_inboxmessage, procrastinate_jobs"


@dataclass(frozen=True, slots=True)
class Slice:
    """One stretch of webhooks and the stretch of pgbench after it."""

    answers: Answers
    stored: int
    limit_per_second: float

    @property
    def per_second(self) -> float:
        """Webhooks answered 200 in a second."""
        return self.answers.taken / self.answers.seconds

    @property
    def ratio(self) -> float:
        """Of the limit measured beside it."""
        return self.per_second / self.limit_per_second


def main(argv: list[str]) -> int:
    """Print the figures; exit code 1 below the goal, on errors, or when a stored row is missing."""
    parser = argparse.ArgumentParser(prog="simplane bench intake", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each slice")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of slices")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("bench intake", lambda: _bench(options), as_json=options.json, told=_told)


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    with scratch_stage("bench-intake") as stage:
        _make_shop(stage)
        web = stage.start_web()
        requests = _requests(_bodies())
        slices = []

        def flood(seconds: float) -> Answers:
            return runner.run(LoadGenerator(stage.ports.web, options.connections).flood(requests, seconds))

        with asyncio.Runner() as runner:
            runner.get_loop()  # made before anything is said: an interrupt then finds a loop that can be cancelled
            say("web is up; warming up")
            flood(WARM_UP_SECONDS)
            for number in range(1, options.rounds + 1):
                slices.append(_slice(stage, lambda: flood(options.seconds), options))
                latest = slices[-1]
                say(
                    f"{number}/{options.rounds}: {latest.per_second:,.0f}/s beside {latest.limit_per_second:,.0f}/s,"
                    f" ratio {latest.ratio:.2f}"
                )
        return _figures(slices, options, resident_mb(web.pid))


def _make_shop(stage: Stage) -> None:
    """Tables and one shop, in this process: the bench needs no supplier and no product."""
    os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
    import django

    django.setup()
    from django.core.management import call_command

    from simplane.channels.models import Shop
    from simplane.core import clock
    from simplane.organizations.models import Organization

    call_command("migrate", verbosity=0)
    owner = Organization.objects.create(kind="operator", name="Bench", slug="bench", created_at=clock.now())
    Shop.objects.create(
        organization=owner,
        key=SHOP,
        channel="shopify",
        domain=DOMAIN,
        api_url="http://127.0.0.1:9",
        name="Bench",
        credentials={"client_id": "bench", "client_secret": SECRET},
        created_at=clock.now(),
    )


def _bodies() -> list[Signed]:
    made = []
    for number in range(BODIES):
        first = 7_000_000_000_000 + number * 100
        lines = [SoldLine(first + 1, "ESIM-EU-5GB-30D", 2, "19.00"), SoldLine(first + 2, "CASE-15-BLK", 1, "12.50")]
        sold = Sold(id=first, name=f"#{1001 + number}", email=f"buyer{number}@shop.example", lines=lines)
        made.append(signed(sold, SECRET))
    return made


def _requests(bodies: list[Signed]) -> Iterator[bytes]:
    """Without end, every one with a webhook id of its own."""
    run = uuid.uuid4().hex[:12]
    for number, one in enumerate(cycle(bodies)):
        yield one.request(f"/webhooks/shopify/{SHOP}", DOMAIN, f"{run}-0000-4000-8000-{number:012d}")


def _slice(stage: Stage, flood: Callable[[], Answers], options: argparse.Namespace) -> Slice:
    _empty()
    answers = flood()
    stored = _stored()
    _empty()
    limit = _limit(stage, options)
    return Slice(answers, stored, limit)


def _empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")
        cursor.execute("CHECKPOINT")


def _stored() -> int:
    """Rows with their job, whole."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM core_inboxmessage m JOIN procrastinate_jobs j"
            " ON j.task_name = 'core.handle_message' AND j.args->>'message_id' = m.id::text"
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _limit(stage: Stage, options: argparse.Namespace) -> float:
    """Commits a second of the web process' own statement with one row, prepared, over as many connections."""
    values = {"i": "0", "run": uuid.uuid4().hex, "channel": "shopify", "account": SHOP, "topic": "orders/paid"}
    values["headers"] = (
        '{"x-shopify-topic":"orders/paid","x-shopify-webhook-id":"0000","x-shopify-api-version":"2026-10"}'
    )
    values |= {f"body{number}": one.body.decode() for number, one in enumerate(_bodies())}
    return pgbench.rate(stage, _script(), options.connections, options.seconds, values) * BODIES


def _script() -> str:
    """The statement of `core.inbox`, once for each body, each with the values of one row."""
    from simplane.core.inbox import STORE_SQL

    values = {
        "now": "now()",
        "due": "(now() + interval '60 seconds')",
        "channel": "ARRAY[:channel]",
        "account": "ARRAY[:account]",
        "delivery_id": "ARRAY[:run || '-' || :client_id || '-' || :i]",
        "topic": "ARRAY[:topic]",
        "headers": "ARRAY[:headers]",
        "trusted": "ARRAY[true]",
    }
    parts = []
    for number in range(BODIES):
        row = {**values, "body": f"ARRAY[convert_to(:body{number}, 'UTF8')]"}
        parts += ["\\set i :i + 1", re.sub(r"%\((\w+)\)b", lambda found: row[found[1]], STORE_SQL) + ";"]  # noqa: B023
    return "\n".join(parts)


def _figures(slices: list[Slice], options: argparse.Namespace, memory: dict[str, float]) -> dict[str, Any]:
    latencies = array("d")
    for one in slices:
        latencies.extend(one.answers.latencies)
    points = statistics.quantiles(latencies, n=100)
    errors = sum(one.answers.errors for one in slices)
    taken, stored = sum(one.answers.taken for one in slices), sum(one.stored for one in slices)
    ratio = statistics.median(one.ratio for one in slices)
    return {
        "ok": ratio >= GOAL_RATIO and errors == 0 and taken == stored and memory["largest"] < 200,
        "per_second": round(statistics.median(one.per_second for one in slices)),
        "p50_ms": round(points[49] * 1000, 2),
        "p99_ms": round(points[98] * 1000, 2),
        "limit_per_second": round(statistics.median(one.limit_per_second for one in slices)),
        "ratio": round(ratio, 3),
        "ratios": [round(one.ratio, 3) for one in slices],
        "errors": errors,
        "sent": taken,
        "stored": stored,
        "body_bytes": len(_bodies()[0].body),
        "connections": options.connections,
        "rounds": options.rounds,
        "web_memory_mb": memory["sum"],
        "web_memory_largest_mb": memory["largest"],
        "load_1_minute": round(os.getloadavg()[0], 2),
    }


def _told(figures: dict[str, Any]) -> str:
    return (
        f"webhooks stored   {figures['per_second']:>7,} a second"
        f"  (p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms, {figures['errors']} errors)\n"
        f"pgbench, same rows{figures['limit_per_second']:>7,} a second\n"
        f"ratio             {figures['ratio']:>7}  (goal {GOAL_RATIO}; by pair: {figures['ratios']})\n"
        f"answered 200 {figures['sent']:,}, stored {figures['stored']:,};"
        f" web {figures['web_memory_mb']} MB in all, largest process {figures['web_memory_largest_mb']} MB"
    )
