"""Points in time are epoch seconds inside; the vendor writes them in two ways."""

import time
from datetime import UTC, datetime

DAY = 86_400


def api_time(epoch: float) -> str:
    """As answers write it: `2024-05-29T18:34:17+0000`."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(epoch))


def event_time(epoch: float) -> str:
    """As webhooks write it: `2026-04-22T11:31:33Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def number_stem(epoch: float) -> str:
    """The ten digits order and line numbers start with: year to minute."""
    return time.strftime("%y%m%d%H%M", time.gmtime(epoch))


def parse_time(text: str) -> float:
    """Epoch seconds of an ISO 8601 text; without a zone it is UTC. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
