"""What eSIM Go's refusals mean (reference 1.6). Errors are `{"message"}` or plain text, without codes."""

from __future__ import annotations

import re
from typing import Literal

from simplane.core.http import Answer
from simplane.suppliers.esimgo.wire import message
from simplane.suppliers.outcomes import Blocked, NotReady, Permanent, Retryable
from simplane.suppliers.transport import Doubtful

About = Literal["account", "line"]
"""What a call is about, which decides what a 403 says: our key, or also one eSIM."""

_SURELY_REFUSED = frozenset({400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431})
# The vendor publishes no texts: these words are what its documents and live answers use.
_FUNDS = re.compile(r"balance|insufficient funds|not enough (?:credit|funds)|credit limit", re.IGNORECASE)
_GONE = re.compile(
    r"(?:bundle|item|catalogue).*(?:not found|not available|no longer|unknown|invalid|does not exist|not exist)"
    r"|(?:unknown|invalid|no such) (?:bundle|item)",
    re.IGNORECASE,
)
_KEY = re.compile(r"access denied|api.?key|token|unauthori[sz]ed|ip address", re.IGNORECASE)


def refusal(answer: Answer, about: About, *, changes: bool) -> Retryable | Blocked | Permanent | NotReady:
    """The outcome of an answer that is no success. Raises Doubtful when it may have been executed."""
    text = message(answer.body) or f"HTTP {answer.status}"
    match answer.status:
        case 429:
            return Retryable(text, "429", retry_after(answer, 1.0))
        case 503 if not changes:
            return NotReady(retry_after(answer, 3.0))
        case 401:
            return Blocked(text, "401", "key")
        case 403:
            # The same 403 says "wrong key" and "not your eSIM"; only calls about a line can mean the second.
            return Blocked(text, "403", "key") if about == "account" or _KEY.search(text) else Permanent(text, "403")
        case status if status in _SURELY_REFUSED:
            return _refused(status, text)
    raise Doubtful(f"HTTP {answer.status}: {text}"[:300], str(answer.status))


def _refused(status: int, text: str) -> Blocked | Permanent:
    if status == 400 and _FUNDS.search(text):
        return Blocked(text, "400", "funds")
    # By the text alone: a 404 may also come from a wrong base URL, which must not condemn the whole catalogue.
    return Permanent(text, str(status), stale_catalogue=bool(_GONE.search(text)))


def retry_after(answer: Answer, otherwise: float) -> float:
    """Seconds of `Retry-After`, never less than none and never more than an hour."""
    try:
        return min(max(float(answer.headers.get("retry-after", otherwise)), 0.0), 3600.0)
    except ValueError:
        return otherwise
