"""What happens in a shop: every action changes one order and sends the webhooks it causes.

Callers own the transaction; an exception leaves the books as they were.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.shopify import create, edit, fulfil, payment, refund
from sandbox.shopify.model import Dispute, Fulfilment, FulfilmentOrder, Hold, Metafield, Order, Refund
from sandbox.shopify.payload_order import order_body
from sandbox.shopify.payload_other import dispute_body, edit_body, held_body, released_body, risk_body
from sandbox.shopify.payload_refund import refund_body
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.store import Shop, Store
from sandbox.shopify.totals import outstanding
from sandbox.shopify.webhooks import Event, Webhooks


class Office:
    """The verbs of one stand-in. `next_job_ms`: when the next job is due; 0 = look into the books."""

    def __init__(self, store: Store, webhooks: Webhooks) -> None:
        self.store = store
        self.webhooks = webhooks
        self.next_job_ms = 0

    def sell(self, shop: Shop, wanted: Mapping[str, Any], count: int, event_options: Mapping[str, Any]) -> list[Order]:
        """New orders: orders/create, then orders/paid with the same Event-Id when money settled them."""
        orders = []
        for order_id in self.store.next_order_ids(count):
            now = self.store.now_ms()
            order = create.build_order(shop, order_id, shop.next_number, wanted, now)
            shop.next_number += 1
            event = Event(**event_options)
            self._tell(shop, order, event, "orders/create")
            if self.store.settings["updated_on_create"]:
                self._tell(shop, order, event, "orders/updated")
            if create.pay_at_checkout(order, wanted, now):
                self._tell(shop, order, event, "orders/paid")
            orders.append(order)
        self.store.add_orders(orders)
        self.store.save_shop(shop)
        return orders

    def pay(self, shop: Shop, order: Order, event: Event) -> None:
        """Settle what is outstanding: orders/paid and orders/updated. Raises RefusedError when nothing is."""
        owed = outstanding(order)
        if not owed:
            raise RefusedError(f"order {order.name} owes nothing")
        payment.receive(order, owed, self.store.now_ms())
        self._changed(shop, order, event, "orders/paid")

    def edit(self, shop: Shop, order: Order, wanted: Mapping[str, Any], event: Event) -> None:
        """Raise a quantity, add or remove: orders/edited and orders/updated."""
        result = edit.edit(order, wanted)
        self._changed(shop, order, event)
        self.webhooks.emit(shop, "orders/edited", event, lambda: edit_body(order, result, shop), order.id)

    def cancel(
        self, shop: Shop, order: Order, event: Event, *, reason: str, give_back: bool, restock: bool, note: str | None
    ) -> Refund | None:
        """orders/cancelled and orders/updated, and refunds/create when money or units go back."""
        now = self.store.now_ms()
        result = refund.cancel(order, reason=reason, give_back=give_back, restock=restock, note=note, now_ms=now)
        self._changed(shop, order, event, "orders/cancelled")
        if result is not None:
            self._tell_refund(shop, order, result, event)
        return result

    def refund(
        self,
        shop: Shop,
        order: Order,
        event: Event,
        *,
        units: Sequence[refund.Units],
        paybacks: Sequence[refund.Payback],
        note: str | None = None,
        allow_over: bool = False,
    ) -> Refund:
        """refunds/create and orders/updated."""
        now = self.store.now_ms()
        result = refund.refund(order, units, paybacks, note=note, now_ms=now, allow_over=allow_over)
        self._changed(shop, order, event)
        self._tell_refund(shop, order, result, event)
        return result

    def dispute(self, shop: Shop, order: Order, wanted: Mapping[str, Any], event: Event) -> Dispute:
        """Open a dispute (disputes/create), or with `update` move the last one on (disputes/update)."""
        moved = "update" in wanted
        entry = (
            edit.settle_dispute(order, wanted["update"]) if moved else edit.dispute(order, wanted, self.store.now_ms())
        )
        self._changed(shop, order, event)
        topic = "disputes/update" if moved else "disputes/create"
        self.webhooks.emit(shop, topic, event, lambda: dispute_body(order, entry, shop), order.id)
        return entry

    def assess_risk(self, shop: Shop, order: Order, level: str, event: Event) -> None:
        """orders/risk_assessment_changed."""
        if level not in create.RISKS:
            raise RefusedError(f"level must be one of {', '.join(create.RISKS)}")
        order.risk = level
        self._changed(shop, order, event)
        self.webhooks.emit(shop, "orders/risk_assessment_changed", event, lambda: risk_body(order, shop), order.id)

    def fulfil(
        self, shop: Shop, order: Order, picks: Sequence[fulfil.Pick], tracking: fulfil.Tracking, event: Event
    ) -> Fulfilment:
        """Mark units as sent: orders/updated. No picks = the merchant fulfils whatever is open."""
        now = self.store.now_ms()
        result = fulfil.fulfil(order, picks, tracking, now) if picks else fulfil.fulfil_everything(order, tracking, now)
        self._changed(shop, order, event)
        return result

    def hold(
        self,
        shop: Shop,
        order: Order,
        home: FulfilmentOrder,
        event: Event,
        *,
        reason: str,
        notes: str | None = None,
        handle: str = "",
    ) -> Hold:
        """fulfillment_orders/placed_on_hold."""
        placed = fulfil.hold(order, home, reason=reason, notes=notes, handle=handle)
        self._changed(shop, order, event)
        topic = "fulfillment_orders/placed_on_hold"
        self.webhooks.emit(shop, topic, event, lambda: held_body(home, placed), order.id)
        return placed

    def release(
        self, shop: Shop, order: Order, home: FulfilmentOrder, event: Event, hold_ids: Sequence[int] | None = None
    ) -> None:
        """fulfillment_orders/hold_released when the last hold is gone."""
        was_held = bool(home.holds)
        fulfil.release(home, hold_ids)
        self._changed(shop, order, event)
        if was_held and not home.holds:
            topic = "fulfillment_orders/hold_released"
            self.webhooks.emit(shop, topic, event, lambda: released_body(home), order.id)

    def tag(self, shop: Shop, order: Order, tags: Sequence[str], event: Event) -> None:
        """Set semantics: only new tags count, and only then orders/updated is sent."""
        fresh = [tag for tag in dict.fromkeys(tags) if tag and tag not in order.tags]
        if fresh:
            order.tags.extend(fresh)
            self._changed(shop, order, event)

    def set_metafield(self, order: Order, *, namespace: str, key: str, kind: str, value: str) -> Metafield:
        """Insert or overwrite; `touch` the order afterwards."""
        now = self.store.now_ms()
        for entry in order.metafields:
            if (entry.namespace, entry.key) == (namespace, key):
                entry.type, entry.value, entry.at_ms = kind, value, now
                return entry
        entry = Metafield(order.take_id(), namespace, key, kind, value, now)
        order.metafields.append(entry)
        return entry

    def touch(self, shop: Shop, order: Order, event: Event) -> None:
        """Save a changed order and send orders/updated."""
        self._changed(shop, order, event)

    def _changed(self, shop: Shop, order: Order, event: Event, topic: str | None = None) -> None:
        self.store.save(order)
        if topic:
            self._tell(shop, order, event, topic)
        self._tell(shop, order, event, "orders/updated")

    def _tell(self, shop: Shop, order: Order, event: Event, topic: str) -> None:
        self.webhooks.emit(shop, topic, event, lambda: order_body(order, shop), order.id)

    def _tell_refund(self, shop: Shop, order: Order, result: Refund, event: Event) -> None:
        self.webhooks.emit(shop, "refunds/create", event, lambda: refund_body(order, result, shop), order.id)
