"""Finding out what became of unknown purchases: by our key where the supplier takes one, else by its order list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from simplane.core import clock, events
from simplane.core.db import in_thread, transaction
from simplane.core.log import logger
from simplane.suppliers import actions, registry
from simplane.suppliers.events import ForeignOrders
from simplane.suppliers.models import Purchase
from simplane.suppliers.outcomes import Ok
from simplane.suppliers.settle import Open, Seen, settle
from simplane.suppliers.values import FoundOrder, LineRef, SupplierOptions

log = logger(__name__)
State = Purchase.State
REPEAT_FOR = timedelta(minutes=5)
"""How long a lost order is sent again by its key; afterwards the order list decides, so that another can serve."""

KEY_LIVES = timedelta(hours=20)
"""Suppliers with keys keep them for 24 hours."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Units whose purchase is no longer unknown (or got an order id), to be advanced now."""

    unit_ids: tuple[int, ...]


async def settle_unknown(purchase: Purchase, *, until: datetime, wanted: bool) -> Settled:
    """Settle this purchase, and with it every unknown one of the same offer. What stays open stays unknown.

    `until`: the end of the caller's lease, after which nothing is sent that could buy. `wanted`: the eSIM is still to be
    bought; if not, the supplier is only read, for at a supplier with keys the quickest question is the order itself.
    """
    if not registry.adapter(purchase.supplier).capabilities.idempotent_orders:
        return await _match_order_list(purchase)
    # Each repetition begins the time anew that the order list needs: after a while it must be able to pass.
    if wanted and clock.now() - purchase.requested_at < REPEAT_FOR:
        return await _ask_by_key(purchase, until)
    return await _find_by_reference(purchase)


async def settle_top_up(purchase: Purchase, onto: LineRef, *, had: int | None) -> Settled:
    """Settle an unknown top-up by the data of its line: no supplier promises that a repeated one counts once.

    `had`: bytes of the line before it was asked for; None: the supplier does not say, so only a person can settle it.
    Nothing else may be adding to the line meanwhile.
    """
    asked_at = clock.now()
    found = await registry.adapter(purchase.supplier).get_line(onto)
    if had is None or not isinstance(found, Ok) or found.value.data_total is None:
        return Settled(())
    options = SupplierOptions.parse(purchase.supplier.options)
    surely_seen = (purchase.sent_at or purchase.requested_at) + timedelta(seconds=options.settle_seconds)
    if found.value.data_total > had:
        return await in_thread(_conclude_top_up, purchase, True)
    return await in_thread(_conclude_top_up, purchase, False) if asked_at > surely_seen else Settled(())


async def settle_change(purchase: Purchase, onto: LineRef, *, until: datetime) -> Settled:
    """Settle an unknown change of a line's plan by its key, as long as the supplier keeps keys. A person does the rest.

    The line shows nothing certain: a smaller plan looks like less data, the same plan like none.
    """
    keyed = registry.capabilities(purchase.supplier).idempotent_orders
    if not keyed or clock.now() - purchase.requested_at >= KEY_LIVES:
        return Settled(())
    await in_thread(_sent, purchase, clock.now())
    return await in_thread(_record, purchase, await actions.ask(purchase, until=until, onto=onto, instead=True))


def _conclude_top_up(purchase: Purchase, there: bool) -> Settled:
    with transaction():
        if there:
            Purchase.objects.filter(pk=purchase.pk, state=State.UNKNOWN).update(
                state=State.BOUGHT, settled_at=clock.now(), error_text="the line shows its data"
            )
        else:
            _reject([purchase.pk], "the line does not show its data")
        purchase.refresh_from_db()
    return _settled(purchase)


async def _ask_by_key(purchase: Purchase, until: datetime) -> Settled:
    """Send the same order again. When that is refused it was not executed now, but what of the time before?"""
    before = purchase.sent_at
    await in_thread(_sent, purchase, clock.now())
    answer = await actions.ask(purchase, until=until)
    settled = await in_thread(_record, purchase, answer)
    if not isinstance(answer.outcome, actions.NotDone):
        return settled
    await in_thread(_sent, purchase, before)
    return await _find_by_reference(purchase)


def _sent(purchase: Purchase, at: datetime | None) -> None:
    """When the newest call began that may have been executed: from then on the order list needs its time."""
    purchase.sent_at = at
    purchase.save(update_fields=["sent_at"])


def _record(purchase: Purchase, answer: actions.Answer) -> Settled:
    with transaction():
        actions.record(purchase, answer)
    return _settled(purchase)


def _settled(purchase: Purchase) -> Settled:
    return Settled((purchase.unit_id,) if purchase.state != State.UNKNOWN else ())


async def _find_by_reference(purchase: Purchase) -> Settled:
    """Where orders carry our reference the order list says for certain what became of one, once it had its time."""
    asked_at = clock.now()
    options = SupplierOptions.parse(purchase.supplier.options)
    skew = timedelta(seconds=options.clock_skew_seconds)
    adapter = registry.adapter(purchase.supplier)
    found = await adapter.find_orders(purchase.offer.code, purchase.requested_at - skew, asked_at + skew)
    if not isinstance(found, Ok):
        log.info("supplier.lookup_postponed", purchase_id=purchase.pk, outcome=found.name)
        return Settled(())
    order_id = next((one.order_id for one in found.value if one.reference == purchase.reference), "")
    sent_at = purchase.sent_at or purchase.requested_at
    may_be_late = asked_at - skew < sent_at + timedelta(seconds=options.settle_seconds) + skew
    if not order_id and may_be_late:
        return Settled(())
    return await in_thread(_conclude, purchase, order_id)


def _conclude(purchase: Purchase, order_id: str) -> Settled:
    with transaction():
        if order_id:
            _adopt(purchase.pk, order_id)
        else:
            _reject([purchase.pk])
        purchase.refresh_from_db()
    return _settled(purchase)


async def _match_order_list(purchase: Purchase) -> Settled:
    asked_at = clock.now()
    window = await in_thread(_window, purchase)
    if window is None:
        return Settled(())
    since, oldest_in_flight = window
    options = SupplierOptions.parse(purchase.supplier.options)
    skew = timedelta(seconds=options.clock_skew_seconds)
    adapter = registry.adapter(purchase.supplier)
    found = await adapter.find_orders(purchase.offer.code, since - skew, asked_at + skew)
    if not isinstance(found, Ok):
        log.info("supplier.lookup_postponed", purchase_id=purchase.pk, outcome=found.name)
        return Settled(())
    return await in_thread(_apply, purchase, found.value, asked_at, oldest_in_flight, options)


def _window(purchase: Purchase) -> tuple[datetime, datetime | None] | None:
    same = Purchase.objects.filter(supplier_id=purchase.supplier_id, offer_id=purchase.offer_id)
    lost = same.filter(state=State.UNKNOWN, supplier_order_id="", supplier_line_id="")
    unknown = lost.order_by("sent_at").values_list("sent_at").first()
    if unknown is None:
        return None
    flying = same.filter(state=State.REQUESTED).exclude(outcome="retryable").order_by("sent_at")
    oldest = flying.values_list("sent_at", flat=True).first()
    assert unknown[0] is not None
    return unknown[0], oldest


def _apply(
    purchase: Purchase,
    found: Sequence[FoundOrder],
    asked_at: datetime,
    oldest_in_flight: datetime | None,
    options: SupplierOptions,
) -> Settled:
    with transaction():
        _one_at_a_time(purchase)
        owned = set(
            Purchase.objects.filter(
                supplier_id=purchase.supplier_id, supplier_order_id__in=[one.order_id for one in found]
            ).values_list("supplier_order_id", flat=True)
        )
        filled = _filled(purchase, found)
        unknown = Purchase.objects.filter(
            supplier_id=purchase.supplier_id,
            offer_id=purchase.offer_id,
            state=State.UNKNOWN,
            supplier_order_id="",
            supplier_line_id="",
        )
        result = settle(
            [Open(one.pk, one.sent_at or one.requested_at) for one in unknown],
            [
                Seen(one.order_id, one.created_at)
                for one in found
                if one.quantity == 1
                and one.order_id not in owned
                and one.offer_code == purchase.offer.code
                and not filled.intersection(one.iccids)
            ],
            asked_at=asked_at,
            oldest_in_flight=oldest_in_flight,
            settle_after=timedelta(seconds=options.settle_seconds),
            skew=timedelta(seconds=options.clock_skew_seconds),
        )
        for purchase_id, order_id in result.adopt:
            _adopt(purchase_id, order_id)
        _reject(result.absent)
        if result.foreign:
            events.record(
                ForeignOrders(
                    supplier_id=purchase.supplier_id,
                    supplier=purchase.supplier.code,
                    order_ids=list(result.foreign)[:50],
                )
            )
        moved = [purchase_id for purchase_id, _ in result.adopt] + list(result.absent)
        units = Purchase.objects.filter(pk__in=moved).values_list("unit_id", flat=True)
        return Settled(tuple(units))


def _filled(purchase: Purchase, found: Sequence[FoundOrder]) -> set[str]:
    """ICCIDs in these orders that are eSIMs of ours: where an ICCID is the line's key, their order is a top-up."""
    if not found:
        return set()
    named = {number for one in found for number in one.iccids}
    same = Purchase.objects.filter(supplier_id=purchase.supplier_id, offer_id=purchase.offer_id)
    recent = same.filter(requested_at__gte=min(one.created_at for one in found) - timedelta(days=1))
    return set(recent.filter(supplier_line_id__in=named).values_list("supplier_line_id", flat=True))


def _adopt(purchase_id: int, order_id: str) -> None:
    Purchase.objects.filter(pk=purchase_id, state=State.UNKNOWN).update(
        state=State.PENDING, supplier_order_id=order_id, error_text="found in the supplier's order list"
    )


def _reject(purchase_ids: Sequence[int], why: str = "the supplier's order list does not hold it") -> None:
    Purchase.objects.filter(pk__in=purchase_ids, state=State.UNKNOWN).update(
        state=State.REJECTED,
        settled_at=clock.now(),
        error_code=actions.NOT_EXECUTED,
        error_text=why,
    )


def _one_at_a_time(purchase: Purchase) -> None:
    """Two lookups of one offer must not adopt the same order (the unique index would refuse the second)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [purchase.supplier_id, purchase.offer_id % 2**31])
