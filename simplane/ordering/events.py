"""News of ordering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from simplane.core.events import News


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceived(News):
    """An order is here (paid or not). `source`: webhook, reconciliation or person."""

    source: str
    state: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(News):
    """The shop changed an order we knew."""

    what: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsOwed(News):
    """New units are owed; each has its job."""

    unit_ids: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMoved(News):
    """A unit went from one state to another; the raw story of the timeline."""

    before: str
    after: str
    why: str = ""
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDelivered(News):
    """The eSIM is with the buyer (our mail was accepted)."""

    job_fields: ClassVar[tuple[str, ...]] = ("order_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDied(News):
    """A person must decide; a dead letter is open."""

    cause: str
    job_fields: ClassVar[tuple[str, ...]] = ("order_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEnded(News):
    """A unit ended without (or after) delivery: failed, cancelled, refunded."""

    state: str
    job_fields: ClassVar[tuple[str, ...]] = ("order_id",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRefused(News):
    """A reseller wanted to give a unit back; it stays sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLate(News):
    """The delivery clock took a step: 1 late, 2 tell the customer, 3 page a person, 4 propose or do the refund."""

    step: int
    waited_seconds: int
    job_fields: ClassVar[tuple[str, ...]] = ("order_id", "step")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRedacted(News):
    """Personal data of a customer was erased."""

    customer_id: int
