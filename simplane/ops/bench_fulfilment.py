"""`simplane bench fulfilment`: paid webhooks in, eSIMs mailed out, with suppliers that answer after 2 s.

One worker process, the real web process, all stand-ins over HTTP, write-back to the shop included. Two runs after each
other: one at a rate above the goal, which shows how many units a second are sustained, and one at a moderate rate,
which shows what we add to the supplier's time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simplane.ops.effort import Effort, commits, processor_seconds
from simplane.ops.fulfilment_rows import Delivered, counts, delivered_since, drained
from simplane.ops.load_generator import Answers, LoadGenerator
from simplane.ops.memory import resident_mb
from simplane.ops.sample_order import Sold, SoldLine, signed
from simplane.ops.scratch import Failed, report, say, scratch_stage
from simplane.ops.stage import DEMO_SHOP, Stage

GOAL_PER_SECOND = 50.0
GOAL_OVERHEAD_SECONDS = 1.0
GOAL_MEGABYTES = 200
LATENCY_SECONDS = 2.0
PRICE = "19.00"
CONNECTIONS = 16
MIDDLE = (0.2, 0.8)
"""Which part of a run is measured, by units delivered: not its start, not its end."""
SETTINGS = {"SIMPLANE_LOG_LEVEL": "WARNING"}
SUPPLIER_OPTIONS = {"per_second": 0, "in_flight": 400}
STAND_INS: dict[str, dict[str, Any]] = {
    "esimgo": {"journal": False, "rate_limit_per_second": 0, "balance_minor": 1_000_000_000},
    "esimaccess": {
        "journal": False,
        "rate_limit_per_second": 0,
        "balance_minor": 1_000_000_000,
        "ready_after_ms": 0,
        "webhook_parallel": 16,
    },
    "shopify": {"journal": False, "bucket_size": 0},
    "mail": {"journal": False},
}
SECRET = "demo-shopify-secret-not-real"  # noqa: S105  of the stand-in's demo shop
WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of orders at one rate."""

    rate: float
    sent: Answers
    units: Sequence[Delivered]

    @property
    def per_second(self) -> float:
        """Units a second over the middle of the run, by the moments their mails were handed over."""
        times = sorted(unit.mailed_at for unit in self.units)
        middle = times[int(len(times) * MIDDLE[0]) : int(len(times) * MIDDLE[1])]
        return (len(middle) - 1) / (middle[-1] - middle[0])

    def overhead(self, percent: int) -> float:
        """Seconds from storing the webhook to handing the mail over, less what the supplier's answers took by design."""
        middle = sorted(self.units, key=lambda unit: unit.stored_at)
        middle = middle[int(len(middle) * MIDDLE[0]) : int(len(middle) * MIDDLE[1])]
        ours = [unit.mailed_at - unit.stored_at - unit.calls * LATENCY_SECONDS for unit in middle]
        return statistics.quantiles(ours, n=100)[percent - 1]


def main(argv: list[str]) -> int:
    """Print the figures; exit code 1 below a goal or when anything was not delivered."""
    parser = argparse.ArgumentParser(prog="simplane bench fulfilment", description=__doc__)
    parser.add_argument("--orders", type=int, default=3000, help="of the run that shows the rate")
    parser.add_argument("--rate", type=float, default=60.0, help="orders a second in it")
    parser.add_argument("--overhead-orders", type=int, default=600, help="of the run that shows the overhead")
    parser.add_argument("--overhead-rate", type=float, default=25.0)
    parser.add_argument("--warm-up", type=int, default=100, help="orders before both")
    parser.add_argument("--sku", default="ESIM-EU-5GB-30D")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("bench fulfilment", lambda: _bench(options), as_json=options.json, told=_told)


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    with scratch_stage("bench-fulfilment", SETTINGS) as stage:
        say("bringing up stand-ins, tables, catalogues")
        stage.start_stand_ins(STAND_INS)
        stage.prepare(SUPPLIER_OPTIONS)
        for supplier in ("esimgo", "esimaccess"):
            stage.control(supplier, "settings", {"latency_ms": round(LATENCY_SECONDS * 1000)})
        os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
        import django

        django.setup()
        worker, web = stage.start_worker(), stage.start_web()
        _run(stage, options.sku, options.warm_up, options.overhead_rate)
        say("warm")
        moderate = _run(stage, options.sku, options.overhead_orders, options.overhead_rate)
        say(f"{moderate.rate:.0f}/s: overhead p50 {moderate.overhead(50):.2f} s, p95 {moderate.overhead(95):.2f} s")
        before = _effort(stage)
        full = _run(stage, options.sku, options.orders, options.rate)
        effort = _effort(stage).per_unit(before, len(full.units))
        say(f"{full.rate:.0f}/s: {full.per_second:.1f} units/s, overhead p95 {full.overhead(95):.2f} s")
        return _figures(stage, [moderate, full], effort, resident_mb(worker.pid), resident_mb(web.pid))


def _effort(stage: Stage) -> Effort:
    """Where a unit's time goes, by process: the machine may be busy with other things, this figure is not."""
    server = int((stage.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    parts = {"worker": [stage.group.members["worker"].pid], "web": [stage.group.members["web"].pid]}
    parts["postgres"] = [server]
    parts["stand_ins"] = [stage.group.members[name].pid for name in STAND_INS]
    return Effort({name: processor_seconds(*pids) for name, pids in parts.items()}, commits())


def _run(stage: Stage, sku: str, orders: int, rate: float) -> Run:
    requests = _requests(stage, sku, orders)
    before = time.time()
    sent = asyncio.run(LoadGenerator(stage.ports.web, CONNECTIONS).pace(iter(requests), rate))
    if sent.taken != orders:
        raise Failed(f"the web process took {sent.taken} of {orders} webhooks: {dict(sent.statuses)}")
    until = time.monotonic() + WAIT_SECONDS + orders / GOAL_PER_SECOND
    while not drained():
        if time.monotonic() > until:
            raise Failed(f"not everything was delivered in time: {counts()}")
        time.sleep(0.5)
    return Run(rate, sent, delivered_since(before))


def _requests(stage: Stage, sku: str, orders: int) -> list[bytes]:
    """The orders exist at the shop; their webhooks are made and signed here, so that the shop has nothing to do meanwhile."""
    wanted = {"count": orders, "send": False, "lines": [{"sku": sku, "quantity": 1, "price": PRICE}]}
    made = stage.control("shopify", f"shops/{DEMO_SHOP}/orders", wanted)["orders"]
    requests = []
    for order in made:
        lines = [SoldLine(line["id"], line["sku"], line["quantity"], PRICE) for line in order["lines"]]
        sold = Sold(id=order["id"], name=order["name"], email=f"buyer{order['id']}@bench.example", lines=lines)
        one = signed(sold, SECRET)
        requests.append(one.request("/webhooks/shopify/demo", DEMO_SHOP, str(uuid.uuid4())))
    return requests


def _figures(
    stage: Stage, runs: list[Run], effort: dict[str, float], worker: dict[str, float], web: dict[str, float]
) -> dict[str, Any]:
    moderate, full = runs
    found = counts()
    mails = stage.control("mail", "books", method="GET")
    shop = stage.control("shopify", f"shops/{DEMO_SHOP}/books?summary=1", method="GET")
    errors = found["orders"] - found["delivered"] + found["dead_letters"] + abs(mails["count"] - found["delivered"])
    figures: dict[str, Any] = {
        "units_per_second": round(full.per_second, 1),
        "overhead_p50_seconds": round(moderate.overhead(50), 3),
        "overhead_p95_seconds": round(moderate.overhead(95), 3),
        "overhead_rate_per_second": moderate.rate,
        "overhead_p50_seconds_at_full_rate": round(full.overhead(50), 3),
        "overhead_p95_seconds_at_full_rate": round(full.overhead(95), 3),
        "offered_per_second": full.rate,
        "processor_ms_a_unit": {name: spent for name, spent in effort.items() if name != "commits"},
        "commits_a_unit": effort["commits"],
        "supplier_seconds": LATENCY_SECONDS,
        "supplier_calls_per_unit": round(statistics.mean(unit.calls for unit in full.units), 2),
        "suppliers": found["suppliers"],
        "delivered": found["delivered"],
        "mails": mails["count"],
        "fulfilled_at_shop": shop["units_fulfilled"],
        "errors": errors,
        "worker_memory_mb": worker["sum"],
        "web_memory_mb": web["sum"],
        "web_memory_largest_mb": web["largest"],
        "load_1_minute": round(os.getloadavg()[0], 2),
    }
    figures["ok"] = (
        full.per_second >= GOAL_PER_SECOND
        and moderate.overhead(95) < GOAL_OVERHEAD_SECONDS
        and errors == 0
        and shop["units_fulfilled"] == found["delivered"]
        and max(worker["sum"], web["largest"]) < GOAL_MEGABYTES
    )
    return figures


def _told(figures: dict[str, Any]) -> str:
    return (
        f"units             {figures['units_per_second']:>7} a second sustained"
        f" ({figures['offered_per_second']:.0f} offered, supplier answers after {figures['supplier_seconds']} s)\n"
        f"our own overhead  {figures['overhead_p50_seconds']:>7} s p50, {figures['overhead_p95_seconds']} s p95"
        f" at {figures['overhead_rate_per_second']:.0f} a second"
        f" ({figures['overhead_p95_seconds_at_full_rate']} s p95 at the full rate)\n"
        f"processor time a unit, ms: {figures['processor_ms_a_unit']}; commits a unit {figures['commits_a_unit']}\n"
        f"delivered {figures['delivered']}, mails {figures['mails']}, fulfilled at the shop"
        f" {figures['fulfilled_at_shop']}, errors {figures['errors']}\n"
        f"memory: worker {figures['worker_memory_mb']} MB, web {figures['web_memory_mb']} MB in all,"
        f" largest process {figures['web_memory_largest_mb']} MB"
    )
