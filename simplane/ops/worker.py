"""`simplane worker`: take jobs until SIGTERM. A lost database is waited for, not died of."""

from __future__ import annotations

import asyncio
import signal
import threading

import django


def main(argv: list[str]) -> int:
    """`--once`: until no job waits."""
    django.setup()
    from simplane.core.log import logger
    from simplane.core.worker import run_worker

    log = logger(__name__)
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    if "--once" in argv:
        asyncio.run(run_worker(once=True))
        return 0
    while not stopping.is_set():
        try:
            asyncio.run(run_worker(stopping=stopping))
        except Exception:
            log.exception("worker.lost")
            stopping.wait(2)
    return 0
