"""What can be done to one order from the control API, by name."""

from collections.abc import Callable
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.kit.control import BadControlError
from sandbox.shopify.edit import named_line
from sandbox.shopify.fulfil import Tracking, find
from sandbox.shopify.model import FulfilmentOrder, Order
from sandbox.shopify.money import parse_amount
from sandbox.shopify.office import Office
from sandbox.shopify.refund import Units, maximum, paybacks_for, suggested_minor
from sandbox.shopify.schema import enum_values
from sandbox.shopify.store import Shop
from sandbox.shopify.webhooks import Event

Deed = Callable[[Office, Shop, Order, JsonObject, Event], Any]
CANCEL_REASONS = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF")
HOLD_REASONS = enum_values("FulfillmentHoldReason")


def _pay(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """Settle what is outstanding."""
    _only(wanted)
    office.pay(shop, order, event)


def _edit(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`raise`, `remove`, `add`; see edit.py."""
    office.edit(shop, order, wanted, event)


def _cancel(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`reason`, `refund` (default true), `restock`, `note`."""
    _only(wanted, "reason", "refund", "restock", "note")
    reason = str(wanted.get("reason", "customer")).upper()
    if reason not in CANCEL_REASONS:
        raise BadControlError(f"reason must be one of {', '.join(CANCEL_REASONS)}")
    give_back, restock = bool(wanted.get("refund", True)), bool(wanted.get("restock", False))
    office.cancel(shop, order, event, reason=reason, give_back=give_back, restock=restock, note=wanted.get("note"))


def _refund(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`lines` {line id or SKU: units} pays back what they cost; `amount` alone pays back money without units."""
    _only(wanted, "lines", "amount", "restock_type", "note", "full")
    kind = str(wanted.get("restock_type", "NO_RESTOCK")).upper()
    given = {line.id: line.current for line in order.lines if line.current} if wanted.get("full") else {}
    given |= {named_line(order, str(name)).id: number for name, number in dict(wanted.get("lines", {})).items()}
    units = [Units(line_id, number, kind) for line_id, number in given.items()]
    if wanted.get("full"):
        money = maximum(order)
    elif "amount" in wanted:
        money = parse_amount(wanted["amount"], order.currency)
    else:
        money = suggested_minor(order, units, shipping=False)
    office.refund(shop, order, event, units=units, paybacks=paybacks_for(order, money), note=wanted.get("note"))


def _dispute(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`kind`, `reason`, `amount`, `status`; or `update`: the new status of the last one."""
    _only(wanted, "kind", "reason", "amount", "status", "update")
    office.dispute(shop, order, wanted, event)


def _risk(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`level`."""
    _only(wanted, "level")
    office.assess_risk(shop, order, str(wanted.get("level", "HIGH")).upper(), event)


def _fulfil(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """The merchant fulfils everything by hand: `company`, `number`, `url`."""
    _only(wanted, "company", "number", "url")
    office.fulfil(shop, order, (), Tracking(wanted.get("company"), wanted.get("number"), wanted.get("url")), event)


def _hold(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`reason`, `notes`, `fulfillment_order` (default: the first open one)."""
    _only(wanted, "reason", "notes", "fulfillment_order")
    reason = str(wanted.get("reason", "other")).upper()
    if reason not in HOLD_REASONS:
        raise BadControlError(f"reason must be one of {', '.join(sorted(HOLD_REASONS))}")
    office.hold(shop, order, _home(order, wanted), event, reason=reason, notes=wanted.get("notes"), handle="merchant")


def _release(office: Office, shop: Shop, order: Order, wanted: JsonObject, event: Event) -> None:
    """`fulfillment_order` (default: the first held one)."""
    _only(wanted, "fulfillment_order")
    held = next((home.id for home in order.fulfilment_orders if home.holds), None)
    office.release(shop, order, _home(order, {"fulfillment_order": held, **wanted}), event)


def _home(order: Order, wanted: JsonObject) -> FulfilmentOrder:
    number = wanted.get("fulfillment_order")
    if number is None:
        number = next((home.id for home in order.fulfilment_orders if home.status == "OPEN"), 0)
    home = find(order, int(number))
    if home is None:
        raise BadControlError(f"order {order.name} has no such fulfilment order")
    return home


def _only(wanted: JsonObject, *known: str) -> None:
    unknown = set(wanted) - set(known)
    if unknown:
        raise BadControlError(f"unknown field {', '.join(sorted(unknown))}; known: {', '.join(known) or 'none'}")


DEEDS: dict[str, Deed] = {
    "pay": _pay,
    "edit": _edit,
    "cancel": _cancel,
    "refund": _refund,
    "dispute": _dispute,
    "risk": _risk,
    "fulfil": _fulfil,
    "hold": _hold,
    "release": _release,
}
