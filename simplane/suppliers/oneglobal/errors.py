"""What 1GLOBAL Connect's refusals mean (reference section 3.1; codes are published only in part)."""

from __future__ import annotations

import msgspec

from simplane.core.http import Answer
from simplane.suppliers.oneglobal import wire
from simplane.suppliers.outcomes import Blocked, Permanent, Retryable
from simplane.suppliers.transport import Doubtful

RUNNING = "409"
"""The first request with this key is still worked on: wait and repeat with the same key."""
NOT_FOUND = "not_found"
THROTTLED_SECONDS = 5.0
"""Their 429 promises no Retry-After."""
_SURELY_REFUSED = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431})
_MONEY = ("credit", "funds", "balance", "payment")
_OFFERING = "product_offering"


def refusal(answer: Answer, *, key: str = "", changes: bool = False) -> Retryable | Blocked | Permanent:
    """The outcome of an answer that is no success. Raises Doubtful when it may have been executed.

    `key`: the call's Idempotency-Key. `changes`: it buys or changes a line.
    """
    said = _read(answer)
    first = said.errors[0] if said.errors else wire.Fault()
    code = first.code or str(answer.status)
    text = (first.detail or said.detail or said.title or f"HTTP {answer.status}")[:300]
    if answer.status == 429:
        return Retryable(text, "429", _retry_after(answer))
    if answer.status == 401:
        return Blocked(text, "401", "key")
    if answer.status == 403:
        return Blocked(text, code, "funds" if any(word in code.lower() for word in _MONEY) else "key")
    if key and (answer.status == 409 or (changes and _key_is_taken(answer.status, said))):
        raise Doubtful(text, str(answer.status), retry_after=0.5)
    if answer.status == 404:
        return Permanent(text, NOT_FOUND, stale_catalogue="offering" in text.lower())
    if answer.status == 409 or answer.status in _SURELY_REFUSED:
        return Permanent(text, code, stale_catalogue=any(_OFFERING in fault.pointer for fault in said.errors))
    raise Doubtful(text, str(answer.status))


def _key_is_taken(status: int, said: wire.Problem) -> bool:
    """The key stands for another request, which may have bought something."""
    words = " ".join([said.title, said.detail, *(f"{fault.code} {fault.detail}" for fault in said.errors)])
    return status == 422 and "idempoten" in words.lower()


def _read(answer: Answer) -> wire.Problem:
    try:
        return wire.problem.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        return wire.Problem()


def _retry_after(answer: Answer) -> float:
    try:
        return min(max(float(answer.headers.get("retry-after", THROTTLED_SECONDS)), 0.0), 3600.0)
    except ValueError:
        return THROTTLED_SECONDS
