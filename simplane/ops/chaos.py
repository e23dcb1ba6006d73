"""`simplane chaos`: many orders under faults and kills, then calm, then the count in everybody's own books.

The environment is its own. While buyers buy and change their minds, suppliers, shop and mail fail before, during and
after they commit, webhooks come twice, late, in another order, forged or never, and processes are killed with -9.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from simplane.ops import (
    chaos_companies,
    chaos_facts,
    chaos_faults,
    chaos_money,
    chaos_open,
    chaos_plan,
    chaos_shelf,
    chaos_verdict,
)
from simplane.ops.chaos_calm import settle
from simplane.ops.chaos_director import Director
from simplane.ops.chaos_verdict import Verdict
from simplane.ops.scratch import report, say, scratch_stage
from simplane.ops.stage import CommandFailed, Stage

SETTINGS = {"SIMPLANE_DELIVERY_CLOCK_SECONDS": "[36000, 36001, 36002, 36003]", "SIMPLANE_LOG_LEVEL": "WARNING"}
RECONCILE_TRIES = 5
LEFT_AT_THE_END = 0.05
"""The storm ends when the units that are still worked on are fewer than this part of the orders."""


@dataclass(slots=True)
class Calm:
    """How the calm went: what is open at its end, proofs of the reconciliations, seconds the clocks were put forward."""

    open: dict[str, int] = field(default_factory=dict)
    balanced: bool = False
    recovered: int = 0


def main(argv: list[str]) -> int:
    """Exit code 0 when nothing is lost, bought twice or left unknown."""
    if "--companies" in argv:
        return chaos_companies.main([word for word in argv if word != "--companies"])
    if "--money" in argv:
        return chaos_money.main([word for word in argv if word != "--money"])
    parser = argparse.ArgumentParser(prog="simplane chaos", description=__doc__)
    parser.add_argument("--money", action="store_true", help="try the ledger instead (see chaos --money --help)")
    parser.add_argument("--companies", action="store_true", help="try companies' lines instead (see its --help)")
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="another seed is another storm")
    parser.add_argument("--minutes", type=float, default=15.0, help="most minutes of calm after the storm")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--most-kills", type=int, help="of workers, and then nothing else is killed (for a short run)")
    parser.add_argument("--postgres", action="store_true", help="cut the database's power once, too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("chaos", lambda: _chaos(options), as_json=options.json, told=_told)


def _chaos(options: argparse.Namespace) -> dict[str, Any]:
    started = time.monotonic()
    with scratch_stage("chaos", SETTINGS) as stage:
        say("bringing up stand-ins, tables, catalogues")
        stage.start_stand_ins()
        chaos_faults.prepare(stage)
        stage.prepare(chaos_faults.SUPPLIER_OPTIONS)
        _connect(stage)
        director = Director(stage, options.workers)
        wish = chaos_plan.Wish(
            orders=options.orders,
            seed=options.seed,
            skus=chaos_shelf.stock(options.seed),
            workers=options.workers,
            most_kills=options.most_kills,
            postgres=options.postgres,
        )
        say(f"storm: {wish.orders} orders in {wish.seconds:.0f} s, {wish.workers} workers")
        chaos_faults.begin(stage, options.seed)
        director.carry_out(chaos_plan.make(wish), lambda: chaos_open.few_units(options.orders * LEFT_AT_THE_END))
        director.everything_runs()
        faults = chaos_faults.end(stage)
        say(f"calm: {sum(faults.values())} faults struck, {director.kills.total()} kills")
        calm = _calm(stage, director, time.monotonic() + options.minutes * 60)
        verdict = chaos_verdict.judge(chaos_facts.collect(stage))
        return _result(options, verdict, calm, director, faults=faults, seconds=time.monotonic() - started)


def _connect(stage: Stage) -> None:
    """This process looks into the stage's database, for what is open and what it says in the end."""
    os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
    import django

    django.setup()


def _calm(stage: Stage, director: Director, until: float) -> Calm:
    """Reconcile, and wait until nothing is open; then once more, for what the first waiting uncovered."""
    calm = Calm()
    for _ in range(RECONCILE_TRIES):
        calm.open = settle(stage, director, until)
        found = _reconcile(stage, calm)
        if calm.balanced and not found:
            break
    calm.open = settle(stage, director, until)
    return calm


def _reconcile(stage: Stage, calm: Calm) -> int:
    """`simplane reconcile --full`; how many orders it took in that no webhook had brought."""
    try:
        done = stage.command("reconcile", "reconcile", "--full", "--json")
    except CommandFailed:
        done = None
    proofs = _last_object(stage)
    calm.balanced = done is not None
    recovered = sum(int(proof.get("recovered", 0)) for proof in proofs.get("shops", []))
    calm.recovered += recovered
    say(f"reconciled: {recovered} orders taken in, {'balanced' if calm.balanced else 'not balanced'}")
    return recovered


def _last_object(stage: Stage) -> dict[str, Any]:
    lines = (stage.folder / "logs" / "reconcile.log").read_text().splitlines()
    for line in reversed(lines):
        if line.startswith("{"):
            found: dict[str, Any] = json.loads(line)
            return found
    return {}


def _result(
    options: argparse.Namespace,
    verdict: Verdict,
    calm: Calm,
    director: Director,
    *,
    faults: dict[str, int],
    seconds: float,
) -> dict[str, Any]:
    return {
        "ok": verdict.ok and calm.balanced and not calm.open and not director.ended,
        "orders": options.orders,
        "seed": options.seed,
        "paid": verdict.paid,
        "bought": verdict.bought,
        "delivered": verdict.delivered,
        "named": verdict.named,
        "exceptions_by_cause": dict(Counter(one["why"] for one in verdict.exceptions)),
        "bought_for_exceptions": verdict.kept,
        "lost": verdict.lost,
        "double_purchases": verdict.double_purchases,
        "unknown_open": verdict.unknown_open,
        "duplicate_mails": verdict.duplicate_mails,
        "shop_unfulfilled": verdict.shop_unfulfilled,
        "still_open": calm.open,
        "reconciled": calm.balanced,
        "recovered_by_reconciliation": calm.recovered,
        "kills": dict(director.kills),
        "ended_by_themselves": dict(director.ended),
        "deeds": dict(director.deeds),
        "faults": sum(faults.values()),
        "faults_injected": faults,
        "clock_put_forward_seconds": director.shifted,
        "named_exceptions": verdict.exceptions,
        "wrong": verdict.wrong[:100],
        "seconds": round(seconds, 1),
    }


def _told(result: dict[str, Any]) -> str:
    wrong = "".join(f"\n  WRONG  {line}" for line in result["wrong"])
    causes = "".join(f"\n    {count:>4}  {why}" for why, count in result["exceptions_by_cause"].items())
    return (
        f"{result['orders']} orders, {result['faults']} faults, kills {result['kills']}, {result['seconds']:.0f} s\n"
        f"  paid {result['paid']} = delivered {result['delivered']} + named exceptions {result['named']}{causes}\n"
        f"  bought {result['bought']} = delivered {result['delivered']}"
        f" + kept by exceptions {result['bought_for_exceptions']}\n"
        f"  lost {result['lost']}, bought twice {result['double_purchases']}, unknown {result['unknown_open']},"
        f" not told to the shop {result['shop_unfulfilled']}, mails twice {result['duplicate_mails']}\n"
        f"  still open {result['still_open'] or 'nothing'}; the shop's books"
        f" {'balance' if result['reconciled'] else 'DO NOT BALANCE'} with ours{wrong}\n"
        f"{'ok' if result['ok'] else 'FAILED'}"
    )
