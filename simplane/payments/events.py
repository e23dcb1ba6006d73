"""What payments tells."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpSucceeded(News):
    """Money is in a wallet. `top_up` is the public id, the amount in minor units."""

    job_fields = ("organization_id", "top_up")
    organization_id: int
    top_up: str
    amount_minor: int
    currency: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpFailed(News):
    """A top-up came to nothing; `reason` may be shown to the payer."""

    job_fields = ("organization_id", "top_up")
    organization_id: int
    top_up: str
    amount_minor: int
    currency: str
    method: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpReversed(News):
    """Money of a top-up left the wallet again: a refund or a dispute. `minor` negative: it came back."""

    job_fields = ("organization_id", "top_up")
    organization_id: int
    top_up: str
    cause: str
    """`refund` or `dispute`."""
    minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletLow(News):
    """A wallet fell below what its owner wants to be told about."""

    job_fields = ("organization_id", "currency")
    organization_id: int
    currency: str
    balance_minor: int
    below_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopUpHeld(News):
    """An automatic top-up would be due and was not made; `reason` may be shown to its owner."""

    job_fields = ("organization_id", "currency")
    organization_id: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoTopUpDeclined(News):
    """The payment of an automatic top-up came to nothing; the rule says when it is tried again."""

    job_fields = ("organization_id", "currency")
    organization_id: int
    currency: str
    reason: str
    declined: int
    retry_at: str
    """ISO 8601 UTC; empty: not by itself."""
