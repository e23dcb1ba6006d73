"""Threads for the library that talks to Stripe, which blocks: a slow Stripe must not take those of the database."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

THREADS = 4
P = ParamSpec("P")
T = TypeVar("T")


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="stripe")


async def in_stripe_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run work that calls Stripe, and the database before and after, off the event loop."""
    context = contextvars.copy_context()

    def run() -> T:
        close_old_connections()
        return context.run(work, *args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_threads(), run)
