"""`simplane worker`: take jobs until SIGTERM. A lost database is waited for, not died of."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading

import django

from simplane.ops import figures, stand_ins


def main(argv: list[str]) -> int:
    """`--once`: until no job waits."""
    from simplane.config.env import env

    if stand_ins.refused("worker", wait=True):
        return 2
    if env.worker_metrics_port:
        figures.keep_to_itself()
    else:
        figures.share(env.state_dir)
    django.setup()
    from simplane.core import telemetry

    telemetry.start(
        "simplane-worker", otlp_endpoint=env.otlp_endpoint, sentry_dsn=env.sentry_dsn, environment=env.environment
    )
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    try:
        if env.worker_metrics_port:
            figures.serve_worker(env.worker_metrics_port, open_to_all=bool(env.metrics_token))
    except OSError as problem:
        print(f"worker: SIMPLANE_WORKER_METRICS_PORT {env.worker_metrics_port}: {problem.strerror}", file=sys.stderr)
        return 2
    figures.watch_breakers(stopping)
    try:
        return _work(stopping, once="--once" in argv)
    finally:
        telemetry.stop()


def _work(stopping: threading.Event, *, once: bool) -> int:
    from simplane.core.log import logger
    from simplane.core.worker import run_worker

    log = logger(__name__)
    # What is loaded now stays; a look at young objects after every 700, as is usual, finds nothing and costs a twentieth.
    gc.freeze()
    gc.set_threshold(20_000)
    if once:
        asyncio.run(run_worker(once=True))
        return 0
    while not stopping.is_set():
        try:
            asyncio.run(run_worker(stopping=stopping))
        except Exception:
            log.exception("worker.lost")
            stopping.wait(2)
    return 0
