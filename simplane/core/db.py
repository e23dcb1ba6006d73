"""Transactions and threads: one outermost transaction a write, no blocking of the event loop, no connection held by a call."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections, connection
from django.db import transaction as django_transaction

LOOK_AGAIN_SECONDS = 2.0
P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def transaction() -> Iterator[None]:
    """The one transaction of a write. Raises RuntimeError inside another: a part of a write takes `@needs_transaction`."""
    with django_transaction.atomic(durable=True):
        yield


def needs_transaction(part: Callable[P, T]) -> Callable[P, T]:
    """Marks a part of a write: refuses to run outside a transaction, for it would be half of something."""

    @wraps(part)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if not connection.in_atomic_block:
            raise RuntimeError(f"{part.__qualname__} is part of a write: open transaction() around it")
        return part(*args, **kwargs)

    return guarded


def refuse_inside_transaction(what: str) -> None:
    """Guard of everything that talks to the outside: a remote call must not hold locks."""
    if connection.in_atomic_block:
        raise RuntimeError(f"{what} inside a transaction: write the intent, commit, then call")


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.SIMPLANE.worker_db_threads, thread_name_prefix="db")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run database work off the event loop on one of a few threads, each with its own lasting connection."""
    context = contextvars.copy_context()

    def run() -> T:
        _look_after_connection()
        return context.run(work, *args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_threads(), run)


_looked = threading.local()


def _look_after_connection() -> None:
    """Drop this thread's connection if it broke. Asking the server costs a round trip, so not at every piece of work."""
    now = time.monotonic()
    if connection.errors_occurred or now - getattr(_looked, "at", 0.0) > LOOK_AGAIN_SECONDS:
        close_old_connections()
        _looked.at = now
