"""Carries out the steps of a chaos run on a stage, and lets time pass afterwards."""

from __future__ import annotations

import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Sequence

from simplane.ops import postgres
from simplane.ops.chaos_plan import Step
from simplane.ops.processes import wait_for
from simplane.ops.scratch import DURABLE, Failed, say
from simplane.ops.stage import DEMO_SHOP, Stage

OURS = ("web", "worker")
STAND_INS = ("esimgo", "esimaccess", "shopify", "mail")
SAY_EVERY_SECONDS = 10.0
MOST_ENDS = 3


class Director:
    """One run. `kills` counts by process, `deeds` what was done at the shop."""

    def __init__(self, stage: Stage, workers: int) -> None:
        self.stage = stage
        self.kills: Counter[str] = Counter()
        self.deeds: Counter[str] = Counter()
        self.shifted = 0
        """Seconds by which our clock and the stand-ins' were put forward."""
        self.ended: Counter[str] = Counter()
        """Processes that ended without being killed."""
        self._sold: dict[int, int] = {}
        for number in range(1, workers + 1):
            stage.start_worker(f"worker-{number}")
        stage.start_web()

    def carry_out(self, steps: Sequence[Step], served: Callable[[], bool]) -> None:
        """Every step at its time; after the last order only until `served` says that little is left to disturb."""
        started = said = time.monotonic()
        orders_left = sum(step.deed == "order" for step in steps)
        for step in steps:
            pause = started + step.at - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            if not orders_left and served():
                return
            self._do(step)
            orders_left -= step.deed == "order"
            if time.monotonic() - said > SAY_EVERY_SECONDS:
                said = time.monotonic()
                say(f"storm: {self.deeds['order']} orders, {self.kills.total()} kills")

    def _do(self, step: Step) -> None:
        match step.deed:
            case "order":
                made = self._shop("orders", step.what["body"])
                self._sold[step.what["number"]] = made["orders"][0]["id"]
            case "cancel" | "refund":
                self._change(step)
            case "repeat":
                self._shop("repeat", step.what)
            case "hold" | "release":
                self.stage.control("shopify", f"callbacks/{step.deed}", step.what)
            case "kill":
                self._kill(step.what["name"])
            case "start":
                self._start(step.what["name"])
            case "power_cut":
                self._power_cut()
        self.deeds[step.deed] += 1

    def _shop(self, path: str, body: object) -> dict[str, list[dict[str, int]]]:
        found: dict[str, list[dict[str, int]]] = self.stage.control("shopify", f"shops/{DEMO_SHOP}/{path}", body)
        return found

    def _change(self, step: Step) -> None:
        try:
            self._shop(f"orders/{self._sold[step.what['number']]}/{step.deed}", step.what["body"])
        except urllib.error.HTTPError as refused:
            if refused.code >= 500:
                raise
            self.deeds[f"{step.deed} refused"] += 1

    def _kill(self, name: str) -> None:
        process = self.stage.group.members[name]
        if process.alive:
            process.kill()
            self.kills["worker" if name.startswith("worker") else name] += 1

    def _start(self, name: str) -> None:
        process = self.stage.group.members[name]
        if not process.alive:
            process.start()

    def _power_cut(self) -> None:
        """The database is gone in the middle of everything, and comes back from its log."""
        data = self.stage.folder / "postgres"
        port = str(postgres.start(data).port)
        postgres.stop(postgres.Cluster(data.resolve(), int(port)), mode="immediate")
        postgres.start(data, settings={**DURABLE, "port": port})
        self.kills["postgres"] += 1

    def mend(self) -> None:
        """Start what ended by itself, as a service manager would, and count it. Raises Failed when that happens often."""
        for process in self.stage.group.dead():
            self.ended[process.name] += 1
            say(f"{process.name} ended by itself: {process.tail(1)}")
            if self.ended[process.name] >= MOST_ENDS:
                raise Failed(f"{process.name} keeps ending:\n{process.tail()}")
            process.start()

    def everything_runs(self) -> None:
        """Start what is down, and wait until it answers."""
        for name, process in self.stage.group.members.items():
            self._start(name)
            if name in STAND_INS:
                wait_for(f"{self.stage.url(name)}/_control/health", process)
        wait_for(f"{self.stage.url('web')}/healthz", self.stage.group.members["web"])

    def let_pass(self, seconds: int) -> None:
        """Put the clocks of everything forward instead of waiting: ours by its setting, the stand-ins' by their control.

        The database has no clock to set, so what the queue keeps by it is put back by as much.
        """
        from django.db import connection

        ours = [one for name, one in self.stage.group.members.items() if name.startswith(OURS)]
        for process in ours:
            process.stop()
        self.shifted += seconds
        self.stage.group.env["SIMPLANE_CLOCK_SHIFT_SECONDS"] = str(self.shifted)
        for name in STAND_INS:
            self.stage.control(name, "clock", {"advance_seconds": seconds})
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - make_interval(secs => %s)"
                " WHERE status = 'todo'",
                [seconds],
            )
        for process in ours:
            process.start()
        self.everything_runs()
