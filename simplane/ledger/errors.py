"""Refusals of the ledger; nothing was posted."""

from __future__ import annotations

from simplane.core.errors import Refusal


class InsufficientFunds(Refusal):
    """The wallet does not cover this."""

    code = "insufficient_funds"
    status = 402


class KeyReused(Refusal):
    """This key was posted before with another content."""

    code = "posting_key_reused"
    status = 409


class PeriodClosed(Refusal):
    """The month is closed: nothing posts into it."""

    code = "period_closed"
    status = 409


class HoldOver(Refusal):
    """The hold was captured, released or has expired already."""

    code = "hold_over"
    status = 409


class AlreadyReversed(Refusal):
    """This transaction was reversed already."""

    code = "already_reversed"
    status = 409


class BadPosting(Refusal):
    """Entries that can not be posted."""

    code = "bad_posting"
