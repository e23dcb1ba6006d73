"""`simplane run`: everything a newcomer needs, in one go. Ctrl-C stops all of it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from simplane.ops import postgres, prepared
from simplane.ops.database import state_dir
from simplane.ops.processes import NotStarted, is_free
from simplane.ops.stage import HOW_MANY, SUPPLIERS, CommandFailed, Ports, Stage

MOST_PORT = 65_535 - HOW_MANY
DEMO_SETTINGS = {"SIMPLANE_REQUIRE_MFA": "false", "SIMPLANE_WEB_WORKERS": "1"}


def main(argv: list[str]) -> int:
    """Start database, stand-ins, web and worker with demo data, say where they are, and wait."""
    options = _options(argv)
    started = time.monotonic()
    ports = _ports(options)
    taken = [f"{name} {port}" for name, port in vars(ports).items() if not is_free(port)]
    if taken:
        print(
            f"run: these ports are in use: {', '.join(taken)}. Is `simplane run` going already? If not, choose others:"
            " .venv/bin/simplane run --ports-from 9000",
            file=sys.stderr,
        )
        return 2
    return _with_database(options, ports, started)


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simplane run", description=__doc__)
    parser.add_argument("--port", type=_port, help="of the web pages (8000)")
    parser.add_argument("--ports-from", type=_port, help="nine ports in a row, the first for the web pages")
    parser.add_argument("--exit-when-ready", action="store_true", help="stop again once all is up (a smoke test)")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    number = int(text)
    if not 1024 <= number <= MOST_PORT:
        raise argparse.ArgumentTypeError(f"{number} is no port that can be used: choose one from 1024 to {MOST_PORT}")
    return number


def _ports(options: argparse.Namespace) -> Ports:
    ports = Ports.counted_from(options.ports_from) if options.ports_from else Ports()
    return replace(ports, web=options.port) if options.port else ports


def _with_database(options: argparse.Namespace, ports: Ports, started: float) -> int:
    outside = os.environ.get("DATABASE_URL", "")
    if outside:
        return _run(outside, None, options, ports, started)
    _say("database")
    try:
        cluster = postgres.start(state_dir() / "postgres")
    except postgres.EmbeddedPostgresError as error:
        print(f"run: {error}", file=sys.stderr)
        return 2
    try:
        return _run(cluster.url, cluster.data, options, ports, started)
    finally:
        postgres.stop(cluster)


def _run(database_url: str, cluster: Path | None, options: argparse.Namespace, ports: Ports, started: float) -> int:
    settings = {key: os.environ.get(key, value) for key, value in DEMO_SETTINGS.items()}
    stage = Stage(state_dir(), database_url, ports, settings)
    ports.note(stage.folder)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _interrupt)
    try:
        _bring_up(stage, cluster)
        _announce(stage, time.monotonic() - started)
        if not options.exit_when_ready:
            _watch(stage)
    except (NotStarted, CommandFailed) as problem:
        print(f"run: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopping …", flush=True)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stage.close()
    return 0


def _bring_up(stage: Stage, cluster: Path | None) -> None:
    """Everything at once when this database of ours was prepared by just this code before, else one after the other."""
    mark = prepared.fingerprint(cluster, stage.setup_file().read_text()) if cluster else ""
    if cluster and prepared.is_done(stage.folder, mark):
        _say("the outside world (stand-ins), web and worker")
        _together(stage.start_web, stage.start_worker, lambda: _outside(stage))
        return
    _say("the outside world (stand-ins)")
    stage.start_stand_ins()
    stage.start_payments()
    _say("tables and demo data")
    prepared.forget(stage.folder)
    stage.prepare(reseller=True)
    if cluster:
        prepared.note_done(stage.folder, mark)
    _say("web and worker")
    stage.start_worker()
    stage.start_web()


def _outside(stage: Stage) -> None:
    stage.start_stand_ins()
    stage.start_payments()
    stage.point_webhooks_here()


def _together(*steps: Callable[[], object]) -> None:
    """All steps at the same time. Raises what a broken one raised; the others end when their processes are stopped."""
    threads = ThreadPoolExecutor(len(steps))
    try:
        for done in as_completed([threads.submit(step) for step in steps]):
            done.result()
    finally:
        threads.shutdown(wait=False)


def _announce(stage: Stage, seconds: float) -> None:
    web = stage.url("web")
    print(
        f"""
Simplane is up ({seconds:.1f} s).

  console    {web}/console/      operator@simplane.example / simplane-demo-2026
  resellers  {web}/hub/      reseller@simplane.example / simplane-demo-2026{_key(stage)}
  companies  http://globex.localhost:{stage.ports.web}/      owner@globex.example / simplane-demo-2026
  api        {web}/api/docs
  shop       {stage.url("shopify")}/      the stand-in Shopify shop
  mail       {stage.url("mail")}/      every mail that was sent
  payments   {stage.url("stripe")}/      the stand-in of Stripe   {stage.url("stripe_test")}/ that of test keys
  suppliers  {"   ".join(f"{stage.url(name)}/_control/books" for name in SUPPLIERS)}
  logs       {stage.folder / "logs"}

  Try: make demo-order      one order from the shop to a phone
  Ctrl-C stops everything. (The demo asks for no second factor; every real installation does.)
""",
        flush=True,
    )


def _key(stage: Stage) -> str:
    known: dict[str, str] = json.loads(stage.report.read_text()).get("reseller", {})
    return f"   test key {known['test_key']}" if known else ""


def _watch(stage: Stage) -> None:
    """Until Ctrl-C. A part that dies is started again, as a service manager would."""
    while True:
        time.sleep(1)
        for process in stage.group.dead():
            print(f"{process.name} ended; starting it again:\n{process.tail(5)}", flush=True)
            process.start()


def _say(what: str) -> None:
    print(f"  … {what}", flush=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
