"""When a request that failed is made again: about three days, ever more slowly (Standard Webhooks, "Deliverability")."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from simplane.core import clock

PAUSES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds after the first, second … failure; ten tries in all."""
JITTER = 0.1
LONGEST_RETRY_AFTER = 6 * 3600.0
_FREE_STRIKES = 3
_LONGEST_PAUSE = 300.0
BUSY_SECONDS = 30.0


def next_try(tries: int, now: datetime, *, retry_after: float | None = None) -> datetime | None:
    """When to try again after `tries` failures; None: never. Not before the endpoint asked to be left alone."""
    if tries > len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return now + timedelta(seconds=max(pause, retry_after or 0.0))


def endpoint_pause(strikes: int, *, busy: bool, retry_after: float | None) -> float:
    """Seconds for which an endpoint is asked nothing at all after its latest failure; 0: go on with the next message.

    One that says it is busy is believed; one that only ever fails is asked less and less often, so that a dead one costs
    the living ones nothing.
    """
    asked = retry_after if retry_after is not None else (BUSY_SECONDS if busy else 0.0)
    grown = 0.0 if strikes < _FREE_STRIKES else min(_LONGEST_PAUSE, 2.0 ** (strikes - _FREE_STRIKES))
    return max(asked, grown)


def read_retry_after(found: str) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date; None for anything else. Capped at 6 hours."""
    text = found.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    # An offset just short of a day puts the first and the last day of time outside of it.
    if moment.tzinfo is None or not 1 < moment.year < 9999:
        return None
    seconds = (moment - clock.real_time_of(clock.now())).total_seconds()
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
