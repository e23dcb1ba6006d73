"""Bodies of orders, and what an order's status means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from simplane.suppliers.oneglobal import catalogue, wire
from simplane.suppliers.outcomes import NotReady, Permanent
from simplane.suppliers.values import When

ACTIVATION = "activate_subscription"
COMPLETED = "completed"
_ENDED = ("failed", "canceled")
_WAITING = ("scheduled", "on_hold")
WORKING_SECONDS, WAITING_SECONDS = 3.0, 900.0


def activation(subscriber_id: str, offer_code: str, location: str) -> Mapping[str, Any]:
    """A new line with a plan."""
    return {
        "type": ACTIVATION,
        "subscriber_id": subscriber_id,
        "purchase_location": location,
        "sim_profile": {"sim_type": "esim"},
        "products": _plan(offer_code),
    }


def top_up(line_id: str, offer_code: str, kind: str, location: str) -> Mapping[str, Any]:
    """One more plan, or an add-on that begins at once, on a line."""
    add_on = {"activation_mode": "immediate", "product_offering_id": offer_code}
    return {
        "type": "topup_subscription",
        "subscription_id": line_id,
        "purchase_location": location,
        "products": {"addons": [add_on]} if kind == catalogue.ADD_ON else _plan(offer_code),
    }


def change(line_id: str, offer_code: str, location: str, when: When) -> Mapping[str, Any]:
    """Another plan instead of the present one."""
    body = {
        "type": "change_subscription_plan",
        "subscription_id": line_id,
        "purchase_location": location,
        "products": _plan(offer_code),
    }
    if when is None:
        return body
    if when == "end_of_cycle":
        return body | {"schedule": {"mode": "end_of_cycle"}}
    day = when.astimezone(UTC).date().isoformat()
    return body | {"schedule": {"mode": "specific_date", "effective_at": day}}


def cancel(line_id: str) -> Mapping[str, Any]:
    """The end of a line, at once."""
    return {"type": "cancel_subscription", "subscription_id": line_id}


def swap(line_id: str) -> Mapping[str, Any]:
    """A new profile for a line."""
    return {"type": "swap_subscription_sim", "subscription_id": line_id}


def present(order: wire.Order) -> NotReady | Permanent | None:
    """What an order that is not completed means; None for one that is."""
    if order.status == COMPLETED:
        return None
    if order.status in _ENDED:
        return Permanent(f"the order is {order.status}", "order_failed")
    return NotReady(WAITING_SECONDS if order.status in _WAITING else WORKING_SECONDS)


def _plan(offer_code: str) -> Mapping[str, Any]:
    return {"plan": {"product_offering_id": offer_code}}
