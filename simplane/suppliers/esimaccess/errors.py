"""What eSIM Access's error codes mean (reference section 2; the vendor's own table of codes)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from simplane.core.http import Answer
from simplane.suppliers.esimaccess import wire
from simplane.suppliers.outcomes import Blocked, NotReady, Permanent, Retryable
from simplane.suppliers.transport import Doubtful

SERVER_ERROR, BUSY = "000001", "900001"
REPEATABLE = frozenset({SERVER_ERROR, BUSY})
"""Asked to repeat; with the same transactionId an order is then not bought twice."""
STATE_CONFLICT = frozenset({"200002", "200009"})
"""Not allowed in the present state: look at the line."""
NO_STOCK_SECONDS = 60.0

Kind = Literal["funds", "key", "address"]
_BLOCKED: Mapping[str, Kind] = MappingProxyType(
    {"200007": "funds", "101002": "address", "101003": "key", "000101": "key", "000102": "key"}
)
_STALE = frozenset({"200005", "200006", "310241", "310243"})
_SURELY_REFUSED = frozenset({400, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431})


def refusal(found: wire.Envelope) -> Retryable | Blocked | Permanent | NotReady:
    """The outcome of an envelope without success. Raises Doubtful when it may have been executed."""
    code, text = found.code, found.text
    if code in REPEATABLE:
        # "Busy" has been answered to orders that were executed, so it proves nothing.
        raise Doubtful(text, code, retry_after=0.5)
    if not code:
        raise Doubtful(f"neither success nor an error code: {text}", "no_code")
    if code in _BLOCKED:
        return Blocked(text, code, _BLOCKED[code])
    match code:
        case "101001":
            return Retryable(text, code, 0.0)  # too old a signature; every attempt is signed anew
        case "200010":
            return NotReady()
        case "200011":
            return Retryable(text, code, NO_STOCK_SECONDS)
        case _:
            return Permanent(text, code, stale_catalogue=code in _STALE)


def refused_by_http(answer: Answer) -> Retryable | Blocked | Permanent:
    """The outcome of an HTTP status other than 200, which is the framework's or a proxy's and has no envelope."""
    text = f"HTTP {answer.status}"
    if answer.status == 429:
        return Retryable(text, "429", _retry_after(answer))
    if answer.status in (401, 403):
        return Blocked(text, str(answer.status), "key")
    if answer.status in _SURELY_REFUSED:
        return Permanent(text, str(answer.status))
    raise Doubtful(text, str(answer.status))


def _retry_after(answer: Answer) -> float:
    try:
        return min(max(float(answer.headers.get("retry-after", 1.0)), 0.0), 3600.0)
    except ValueError:
        return 1.0
