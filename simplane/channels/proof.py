"""Is an order of the shop here as it should be? Decided from the shop's facts and from ours, read separately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q

from simplane.channels.shopify.orders import concerns_us, kind
from simplane.channels.shopify.values import ShopOrder
from simplane.channels.skus import Skus
from simplane.channels.values import ShopSettings
from simplane.ordering.models import Order, OrderLine, Unit

NOT_OURS = "nothing of ours"


@dataclass(slots=True)
class Here:
    """An order as it stands here."""

    state: str
    hold_reason: str
    unmapped: set[str] = field(default_factory=set)
    owed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Units by line that were not given back: (without the failed ones, with them)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`here`: served or being served as paid. Else `why` names the exception, or (`unexplained`) what does not fit."""

    name: str
    why: str = ""
    unexplained: bool = False

    @property
    def here(self) -> bool:
        """Counts as here."""
        return not self.why


@dataclass(slots=True)
class Tally:
    """What a run has seen so far."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By the shop's order id: an order that moves while we page appears twice and counts once."""
    recovered: int = 0
    newest: datetime | None = None

    def add(self, orders_seen: Sequence[ShopOrder], verdicts: Mapping[str, Verdict], recovered: int) -> None:
        """One page."""
        self.verdicts.update(verdicts)
        self.recovered += recovered
        moments = [one.updated_at for one in orders_seen] + ([self.newest] if self.newest else [])
        self.newest = max(moments) if moments else None

    @property
    def unexplained(self) -> list[str]:
        """Ids of the orders that do not fit."""
        return [external_id for external_id, verdict in self.verdicts.items() if verdict.unexplained]


def stand(account: str, external_ids: Iterable[str]) -> dict[str, Here]:
    """How these orders of a shop stand here. Three queries however many."""
    rows = Order.objects.filter(book="retail", account=account, external_id__in=list(external_ids))
    found = {
        pk: (number, Here(state, why))
        for pk, number, state, why in rows.values_list("pk", "external_id", "state", "hold_reason")
    }
    unmapped = OrderLine.objects.filter(order_id__in=found, state=OrderLine.State.NEEDS_MAPPING)
    for order_id, line in unmapped.values_list("order_id", "external_id"):
        found[order_id][1].unmapped.add(line)
    for order_id, line, units, failed in _units(found):
        found[order_id][1].owed[line] = (units - failed, units)
    return dict(found.values())


def _units(order_ids: Iterable[int]) -> Iterable[tuple[int, str, int, int]]:
    given_back = Q(state__in=["cancelled", "refunded"]) | ~Q(cancel_wanted="") | Q(compensation__isnull=False)
    kept = Unit.objects.filter(order_id__in=list(order_ids)).exclude(given_back).order_by()
    counted = kept.values("order_id", "external_line").annotate(n=Count("pk"), f=Count("pk", filter=Q(state="failed")))
    return counted.values_list("order_id", "external_line", "n", "f")


def compare(order: ShopOrder, here: Here | None, known: Skus, settings: ShopSettings) -> Verdict:
    """One order of the shop against ours."""
    why = _exception(order, here, known, settings)
    if why:
        return Verdict(order.name, why)
    if here is None:
        return Verdict(order.name, "paid at the shop, missing here", unexplained=True)
    if here.state == Order.State.HELD:
        return Verdict(order.name, f"held: {here.hold_reason}")
    if here.state == Order.State.AWAITING_PAYMENT:
        return Verdict(order.name, "paid at the shop, still awaiting payment here", unexplained=True)
    wrong = _wrong_units(order, here, known)
    if wrong:
        return Verdict(order.name, wrong, unexplained=True)
    waiting = sorted(
        line.sku or line.title for line in order.lines if line.external_id in here.unmapped and line.current
    )
    return Verdict(order.name, f"needs mapping: {', '.join(waiting)}" if waiting else "")


def _exception(order: ShopOrder, here: Here | None, known: Skus, settings: ShopSettings) -> str:
    """Why the shop's own state says that nothing (more) is owed; empty: something is."""
    if here is None and not concerns_us(order, known):
        return NOT_OURS
    if order.is_test and settings.test_orders == "ignore":
        return "test order, ignored by setting"
    if order.cancelled_at is not None:
        return "cancelled"
    if order.paid in ("refunded", "voided", "expired"):
        return order.paid
    if order.paid == "partly_paid" and settings.partly_paid == "serve":
        return ""
    if order.paid not in ("paid", "partly_refunded"):
        return f"not paid: {order.paid}"
    if not any(line.current for line in order.lines if kind(line, known) != "not_ours") and not (here and here.owed):
        return "nothing of ours left after refunds"
    return ""


def _wrong_units(order: ShopOrder, here: Here, known: Skus) -> str:
    """Lines whose units here are not what the shop owes. A unit given up here counts until the shop pays it back."""
    for line in order.lines:
        if kind(line, known) != "esim" or line.external_id in here.unmapped:
            continue
        least, most = here.owed.get(line.external_id, (0, 0))
        if not least <= line.current <= most:
            return f"line {line.sku or line.external_id}: {line.current} owed at the shop, {most} here"
    return ""
