"""News of ours as facts that a customer is told: which news, which type of event, which fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simplane.core.events import News
from simplane.lines import events as lines
from simplane.ordering import events as ordering
from simplane.ordering.models import Order
from simplane.payments import events as payments
from simplane.webhooks.values import Fact

_ENDED = {Order.State.DONE: "order.completed", Order.State.CANCELLED: "order.cancelled"}


@dataclass(frozen=True, slots=True)
class Happened:
    """One piece of news with what it is about, as the database knows it now. Null where it is about something else."""

    id: int
    name: str
    at: datetime
    raw: Any
    organization_id: int
    order_id: str | None
    external_id: str | None
    order_state: str | None
    unit_id: str | None
    sku: str | None
    esim_id: str | None
    """The unit whose eSIM it is: the unit itself, or the one that a top-up fills."""
    iccid: str | None

    @property
    def data(self) -> dict[str, Any]:
        """The fields of the news."""
        found: dict[str, Any] = json.loads(self.raw) if isinstance(self.raw, str) else self.raw
        return found

    @property
    def order(self) -> dict[str, Any]:
        """The order by our id and by the customer's own, named as in the API."""
        reference = self.external_id if self.external_id != self.order_id else None
        return {"order": self.order_id, "reference": reference}

    @property
    def unit(self) -> dict[str, Any]:
        """The unit, what it is, its order, and its eSIM once there is one."""
        esim = self.esim_id if self.iccid else None
        return {"unit": self.unit_id, **self.order, "sku": self.sku, "esim": esim, "iccid": self.iccid}

    def fact(self, kind: str, subject: str | None, data: Mapping[str, Any], *, key: str = "") -> Fact:
        """This piece of news as a fact; `key` where several pieces of news say the same."""
        return Fact(
            organization_id=self.organization_id,
            type=kind,
            key=key or f"event:{self.id}:{kind}",
            subject=subject or "",
            at=self.at,
            data=dict(data),
        )


def facts_of(row: Happened) -> list[Fact]:
    """What this piece of news means to its organization."""
    return _MEANING[row.name](row)


def told_of() -> Collection[str]:
    """The names of the news that mean something to customers."""
    return _MEANING.keys()


def _placed(row: Happened) -> list[Fact]:
    state = "open" if row.data["state"] == Order.State.OPEN else "held"
    return [row.fact("order.created", row.order_id, {**row.order, "state": state})]


def _delivered(row: Happened) -> list[Fact]:
    return [row.fact("unit.delivered", row.unit_id, {**row.unit, "state": "delivered"}), *_finished(row)]


def _ended(row: Happened) -> list[Fact]:
    state = row.data["state"]
    return [row.fact(f"unit.{state}", row.unit_id, {**row.unit, "state": state}), *_finished(row)]


def _kept(row: Happened) -> list[Fact]:
    return [row.fact("unit.return_refused", row.unit_id, row.unit)]


def _finished(row: Happened) -> list[Fact]:
    """The order's end, told once, with the unit that was its last."""
    state = row.order_state or ""
    if state not in _ENDED:
        return []
    kind, key = _ENDED[Order.State(state)], f"{row.order_id}:{state}"
    return [row.fact(kind, row.order_id, {**row.order, "state": state}, key=key)]


def _moved(row: Happened) -> list[Fact]:
    states = {"before": row.data["before"], "after": row.data["after"]}
    return [row.fact("esim.changed", row.unit_id, {**row.unit, **states})]


def _filled(row: Happened) -> list[Fact]:
    return [row.fact("esim.topped_up", row.unit_id, row.unit)]


def _used(row: Happened) -> list[Fact]:
    percent, total = row.data["percent"], row.data["data_total"]
    used = {"percent": percent, "data_used_bytes": row.data["data_used"], "data_total_bytes": total}
    key = f"{row.unit_id}:used:{percent}:{total}"
    return [row.fact("usage.threshold_reached", row.unit_id, {**row.unit, **used}, key=key)]


def _wallet_low(row: Happened) -> list[Fact]:
    told = {name: row.data[name] for name in ("currency", "balance_minor", "below_minor")}
    return [row.fact("wallet.low", f"wallet:{told['currency']}", told)]


def _top_up(kind: str, *names: str) -> Callable[[Happened], list[Fact]]:
    def told(row: Happened) -> list[Fact]:
        about = row.data["top_up"]
        return [row.fact(kind, about, {"topup": about, **{name: row.data[name] for name in names}})]

    return told


def _reversed(row: Happened) -> list[Fact]:
    about = row.data["top_up"]
    told = {"topup": about, "cause": row.data["cause"], "amount_minor": row.data["minor"]}
    return [row.fact("topup.reversed", about, {**told, "currency": row.data["currency"]})]


_TOLD: Mapping[type[News], Callable[[Happened], list[Fact]]] = {
    ordering.OrderReceived: _placed,
    ordering.UnitDelivered: _delivered,
    ordering.UnitEnded: _ended,
    ordering.ReturnRefused: _kept,
    lines.LineMoved: _moved,
    lines.LineFilled: _filled,
    lines.UsageReached: _used,
    payments.WalletLow: _wallet_low,
    payments.TopUpSucceeded: _top_up("topup.succeeded", "amount_minor", "currency", "method"),
    payments.TopUpFailed: _top_up("topup.failed", "amount_minor", "currency", "method", "reason"),
    payments.TopUpReversed: _reversed,
}
_MEANING: Mapping[str, Callable[[Happened], list[Fact]]] = {one.__name__: how for one, how in _TOLD.items()}
