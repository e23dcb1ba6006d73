"""Who reacts to what: every event with the jobs it causes, and every dead-letter cause, in one readable place."""

from __future__ import annotations

from simplane.core import events
from simplane.ordering import deadletters as ordering_letters
from simplane.ordering import events as ordering
from simplane.suppliers import events as suppliers
from simplane.usage import events as usage

REACTIONS: dict[type[events.News], tuple[str, ...]] = {
    ordering.UnitDelivered: ("channels.write_back",),
    ordering.UnitDied: ("channels.write_back", "alerts.unit_died"),
    ordering.UnitEnded: ("channels.write_back",),
    ordering.OrderLate: ("ordering.tell_customer", "alerts.order_late", "channels.order_late"),
    suppliers.SupplierBlocked: ("alerts.supplier_blocked",),
    suppliers.SupplierRecovered: ("alerts.supplier_recovered",),
    suppliers.FloatLow: ("alerts.float_low",),
    suppliers.ForeignOrders: ("alerts.foreign_orders",),
    suppliers.OfferRefused: ("catalog.sync_supplier",),
    usage.PurchaseAnswered: ("ordering.advance",),
}


def wire() -> None:
    """Called once when Django is ready."""
    events.wire(REACTIONS)
    ordering_letters.register()
