"""News of channels."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrderRead(News):
    """The present state of an order was read from its shop. `read_at`: ISO moment at which the read began."""

    shop: str
    external_id: str
    found: bool
    read_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopPaused(News):
    """A shop refuses us (key, scope, frozen, locked): no calls until a person or the hourly probe resumes it."""

    shop: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopResumed(News):
    """Calls to a shop go on."""

    shop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopUninstalled(News):
    """The merchant removed the app: its token is dead, its data is kept until shop/redact."""

    shop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsMended(News):
    """Webhook subscriptions were missing at a shop and made again."""

    shop: str
    topics: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationUnbalanced(News):
    """Orders at the shop are not orders here plus named exceptions."""

    shop: str
    reconciliation_id: int
    unexplained: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack(News):
    """The shop knows that units were delivered. `lines`: {external line id: quantity}; empty: it knew already."""

    tracking: str
    lines: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackFailed(News):
    """The shop could not be told; a dead letter says why."""

    tracking: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundProposed(News):
    """A refund waits for a person."""

    refund_id: int
    amount_minor: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDecided(News):
    """A proposed refund was approved or declined."""

    refund_id: int
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWithdrawn(News):
    """What the delivery clock proposed is no longer called for: the eSIMs were delivered, or taken back, meanwhile."""

    refund_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDone(News):
    """Money went back at the shop."""

    refund_id: int
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuMapped(News):
    """A person said what a SKU of a shop means."""

    shop: str
    sku: str
    product: str
