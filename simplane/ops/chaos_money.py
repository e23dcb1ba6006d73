"""`simplane chaos --money`: many processes at the ledger, killed with -9 and without their database for a moment; then the count.

Shown besides: 200 orders at once on funds for 50, 100 calls at once with one key, and holds that are captured, voided and
expired at once.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from simplane.ops.money_crowd import crowd
from simplane.ops.processes import Process
from simplane.ops.scratch import DURABLE, Failed, report, say, scratch_stage
from simplane.ops.stage import Stage

WALLETS = 40
SKU, PRICE = "CHAOS-0", 100
CROWD, COVERED, SAME_KEY = 200, 50, 100
KILL_EVERY_SECONDS = 1.5
MOST_STARTS = 500


def main(argv: list[str]) -> int:
    """Exit code 0 when every cent is where it belongs and each race has one winner."""
    parser = argparse.ArgumentParser(prog="simplane chaos --money", description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--races", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    return report("chaos --money", lambda: _chaos(options), as_json=options.json, told=_told)


def _chaos(options: argparse.Namespace) -> dict[str, Any]:
    started = time.monotonic()
    with scratch_stage("chaos-money", {"SIMPLANE_LOG_LEVEL": "WARNING"}) as stage:
        _make_tables(stage)
        crowds = _crowds(stage)
        say(
            f"crowds: {crowds['covered']} of {CROWD} covered, {crowds['effects']} effect of {SAME_KEY} calls with one key"
        )
        storm = _Storm(stage, options)
        storm.run()
        from simplane.ops.money_races import race
        from simplane.ops.money_verdict import count

        say(f"storm over: {storm.kills.total()} kills; {options.races} races")
        winners = race(options.races, options.seed)
        say("counting")
        counted = count(storm.journals, storm.share)
        wrong = [*crowds["wrong"], *counted.wrong]
        wrong += [f"{winners[name]} races were won by {name}" for name in ("nobody", "several") if winners[name]]
        return {
            "ok": not wrong,
            "seed": options.seed,
            "operations": counted.operations,
            "done": counted.done,
            "refused": counted.refused,
            "transactions": counted.transactions,
            "kills": dict(storm.kills),
            "covered_of_200": crowds["covered"],
            "effects_of_100_same_key": crowds["effects"],
            "different_answers_of_100_same_key": crowds["answers"],
            "races": options.races,
            "winners": winners,
            "wrong": wrong,
            "seconds": round(time.monotonic() - started, 1),
        }


def _make_tables(stage: Stage) -> None:
    os.environ.update({"DATABASE_URL": stage.database_url, "SIMPLANE_STATE_DIR": str(stage.folder)})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplane.config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from simplane.ops.money_rows import make_rows

    say("making tables, resellers and prices")
    call_command("migrate", verbosity=0)
    make_rows(WALLETS)


def _crowds(stage: Stage) -> dict[str, Any]:
    """Half prepaid, half on credit: the funds of each crowd cover COVERED orders."""
    from simplane.ops.money_rows import make_reseller

    web = stage.start_web()
    prepaid, mixed, same = (f"sk_live_crowd{number:027d}" for number in range(3))
    make_reseller("crowd-prepaid", prepaid, "EUR", funds=COVERED * PRICE)
    make_reseller("crowd-mixed", mixed, "EUR", funds=20 * PRICE, credit=(COVERED - 20) * PRICE)
    make_reseller("crowd-same", same, "EUR", funds=CROWD * PRICE)
    wrong: list[str] = []
    covered = []
    for secret in (prepaid, mixed):
        told = crowd(stage.ports.web, secret, [f"crowd-{number}" for number in range(CROWD)], SKU)
        statuses = Counter(one.status for one in told)
        covered.append(statuses[201])
        if statuses != {201: COVERED, 402: CROWD - COVERED}:
            wrong.append(f"{CROWD} orders at once on funds for {COVERED} were answered {dict(statuses)}")
    told = crowd(stage.ports.web, same, ["the-one"] * SAME_KEY, SKU)
    effects = sum(one.status == 201 and not one.replayed for one in told)
    answers = {(one.status, one.body) for one in told}
    if effects != 1 or len(answers) != 1:
        wrong.append(f"{SAME_KEY} calls with one key: {effects} effects, {len(answers)} different answers")
    web.stop()
    return {"covered": covered[0], "effects": effects, "answers": len(answers), "wrong": wrong}


class _Storm:
    """The processes, their journals, and who kills them."""

    def __init__(self, stage: Stage, options: argparse.Namespace) -> None:
        self._stage = stage
        self._options = options
        self._dice = random.Random(options.seed)
        self.share = -(-options.operations // options.processes)
        self.kills: Counter[str] = Counter()
        self.journals = [stage.folder / f"journal-{number}" for number in range(options.processes)]
        self._starts = 0

    def run(self) -> None:
        """Until every journal is full. Raises Failed when a process keeps ending by itself."""
        actors = [self._actor(number, journal) for number, journal in enumerate(self.journals)]
        say(f"storm: {self._options.operations} operations by {len(actors)} processes")
        left = actors
        while left := [one for one in left if not self._finished(one)]:
            time.sleep(KILL_EVERY_SECONDS)
            living = [one for one in left if one.alive]
            if living and self.kills["process"] < self._options.kills:
                self._dice.choice(living).kill()
                self.kills["process"] += 1
            if self._options.kills and not self.kills["postgres"] and self._half_done():
                self._power_cut()

    def _actor(self, number: int, journal: Path) -> Process:
        given = {
            "seed": self._options.seed, "actors": self._options.processes, "actor": number, "share": self.share,
            "wallets": WALLETS, "journal": journal,
        }  # fmt: skip
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        return self._stage.group.python(f"actor-{number}", "-m", "simplane.ops.money_actor", *words)

    def _finished(self, actor: Process) -> bool:
        """Whether its share is done; a killed one is started again."""
        if actor.alive:
            return False
        assert actor.handle is not None
        if actor.handle.returncode == 0:
            return True
        self._starts += 1
        if actor.handle.returncode > 0 or self._starts > MOST_STARTS:
            raise Failed(f"{actor.name} ended by itself:\n{actor.tail()}")
        actor.start()
        return False

    def _half_done(self) -> bool:
        done = sum(journal.read_bytes().count(b"\n") for journal in self.journals if journal.exists())
        half: int = self._options.operations // 2
        return done > half

    def _power_cut(self) -> None:
        from django.db import connection

        from simplane.ops import postgres

        connection.close()
        data = self._stage.folder / "postgres"
        cluster = postgres.start(data)
        postgres.stop(cluster, mode="immediate")
        postgres.start(data, settings={**DURABLE, "port": str(cluster.port)})
        self.kills["postgres"] += 1


def _told(result: dict[str, Any]) -> str:
    wrong = "".join(f"\n  WRONG  {line}" for line in result["wrong"])
    refused = ", ".join(f"{count} {name}" for name, count in sorted(result["refused"].items()))
    winners = ", ".join(f"{name} {count}" for name, count in result["winners"].items())
    return (
        f"{result['operations']} operations, kills {result['kills']}, {result['seconds']:.0f} s\n"
        f"  done {result['done']}, refused: {refused}\n"
        f"  {result['covered_of_200']} of 200 orders at once on funds for 50; 100 calls with one key:"
        f" {result['effects_of_100_same_key']} effect, {result['different_answers_of_100_same_key']} answer\n"
        f"  {result['races']} races, won by: {winners}\n"
        f"  {result['transactions']} transactions, ledger {'intact' if not result['wrong'] else 'NOT INTACT'}{wrong}\n"
        f"{'ok' if result['ok'] else 'FAILED'}"
    )
