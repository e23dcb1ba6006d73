"""What an outcome means for a message: tried again when, or settled how. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from simplane.delivery.models import Message
from simplane.delivery.values import Accepted, Deferred, Lost, Outcome, SendResult

State = Message.State
GIVE_UP_AFTER = timedelta(hours=24)
_NOT_NOW = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
"""The server answered 4xx: it asks for patience (RFC 5321 section 4.5.4.1 and what receivers' greylists expect)."""
_UNREACHABLE = (timedelta(seconds=5), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5))
"""Nobody answered: mostly a restart, and nothing was asked of a receiver, so looking again soon harms nobody."""
_REPEAT_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try at sending. `attempts` counts the ones before it; `repeat`: it is the one repeat after a lost answer."""

    attempts: int
    repeat: bool
    created_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the message stands now. `cause`: of the dead letter to open, empty when none is due."""

    state: Message.State
    result: SendResult
    cause: str = ""
    dead_address: bool = False


def verdict(outcome: Outcome, one: Try) -> Verdict:
    """Judge one try."""
    if isinstance(outcome, Accepted):
        return Verdict(state=State.SENT, result=SendResult(name="sent", at=one.now))
    if isinstance(outcome, Deferred):
        return _deferred(outcome, one)
    if isinstance(outcome, Lost):
        return _lost(outcome, one)
    return Verdict(
        state=State.FAILED,
        result=SendResult(name="failed", reason=outcome.reason),
        cause="mail_refused",
        dead_address=outcome.dead_address,
    )


def _deferred(outcome: Deferred, one: Try) -> Verdict:
    waits = _UNREACHABLE if outcome.unreachable else _NOT_NOW
    at = one.now + waits[min(one.attempts, len(waits) - 1)]
    if at - one.created_at > GIVE_UP_AFTER:
        failed = SendResult(name="failed", reason=f"gave up after a day: {outcome.reason}")
        return Verdict(state=State.FAILED, result=failed, cause="mail_keeps_failing")
    state = State.UNKNOWN if one.repeat else State.QUEUED
    return Verdict(state=state, result=SendResult(name="retry", at=at, reason=outcome.reason))


def _lost(outcome: Lost, one: Try) -> Verdict:
    # A code that never arrives is worse than one that arrives twice: one repeat, the same bytes, and then a person.
    if one.repeat:
        return Verdict(
            state=State.UNKNOWN, result=SendResult(name="unknown", reason=outcome.reason), cause="mail_unknown"
        )
    at = one.now + _REPEAT_AFTER
    return Verdict(state=State.UNKNOWN, result=SendResult(name="unknown", at=at, reason=outcome.reason))
