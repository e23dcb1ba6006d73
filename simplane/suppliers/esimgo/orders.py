"""Orders of eSIM Go, from their JSON to ours."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from simplane.core.clock import parse_time
from simplane.core.money import Money, rounded
from simplane.core.telecom import activation_code, clean_iccid
from simplane.suppliers.esimgo import wire
from simplane.suppliers.outcomes import Accepted, NotReady, Ok, Permanent
from simplane.suppliers.transport import Doubtful
from simplane.suppliers.values import FoundOrder, IssuedLine

_FAILED = frozenset({"failed", "cancelled", "canceled", "rejected", "declined", "refunded"})
# Items of these types are money movements or applied stock, not purchases (reference 1.6).
_NO_PURCHASE = frozenset({"autotopup", "apitopup", "topup", "bundleassignment"})


def body(offer_code: str, *, buying: bool, iccid: str = "", reassign: bool = False) -> bytes:
    """`POST /orders` for one bundle: on a new eSIM, or on `iccid`. `buying` False is a dry run."""
    item: dict[str, object] = {"type": "bundle", "quantity": 1, "item": offer_code, "allowReassign": reassign}
    if iccid:
        item["iccids"] = [iccid]
    return msgspec.json.encode({"type": "transaction" if buying else "validate", "assign": True, "order": [item]})


def bought(order: wire.Order) -> Ok[IssuedLine] | Accepted | Permanent:
    """What a purchase came to. Raises Doubtful when the answer names no order."""
    if not order.order_reference:
        raise Doubtful("the answer names no order", "no_reference")
    if failed(order):
        return Permanent(f"the order is {order.status}", "order_failed")
    line = issued(order)
    return Ok(line) if line else Accepted(order.order_reference)


def present(order: wire.Order) -> Ok[IssuedLine] | NotReady | Permanent:
    """What an order read again has come to; NotReady also for a completed one that shows no eSIM."""
    if failed(order):
        return Permanent(f"the order is {order.status}", "order_failed")
    line = issued(order)
    return Ok(line) if line else NotReady()


def failed(order: wire.Order) -> bool:
    """The order came to nothing."""
    return (order.status or "").lower() in _FAILED


def completed(order: wire.Order) -> bool:
    """The interim word is not published: anything but `completed` is on its way."""
    return (order.status or "").lower() == "completed"


def issued(order: wire.Order) -> IssuedLine | None:
    """The first eSIM of a completed order; None while there is none with its install details."""
    found = next((one for item in order.order or () for one in item.esims or ()), None)
    if not completed(order) or found is None or not found.matching_id or not found.smdp_address:
        return None
    iccid = clean_iccid(str(found.iccid))
    return IssuedLine(
        order_id=order.order_reference or "",
        line_id=iccid,
        iccid=iccid,
        code=activation_code(found.smdp_address, found.matching_id),
        cost=unit_cost(order),
    )


def from_esim(esim: wire.Esim, order_id: str, cost: Money | None = None) -> IssuedLine:
    """From install details. Raises Doubtful when they are not complete."""
    if not esim.matching_id or not esim.smdp_address:
        raise Doubtful("the install details are not complete", "incomplete")
    iccid = clean_iccid(str(esim.iccid))
    code = activation_code(esim.smdp_address, esim.matching_id)
    return IssuedLine(order_id=order_id, line_id=iccid, iccid=iccid, code=code, cost=cost)


def unit_cost(order: wire.Order) -> Money | None:
    """What one eSIM of the order cost: the total when it is the only one, else the price a unit."""
    items = order.order or []
    alone = sum(item.quantity or 1 for item in items) == 1
    amount = order.total if alone else items[0].price_per_unit if items else None
    return _money(amount, order.currency)


def total(order: wire.Order) -> Money | None:
    """The whole order's price."""
    return _money(order.total, order.currency)


def _money(amount: Decimal | None, currency: str | None) -> Money | None:
    return rounded(amount, currency) if amount is not None and currency else None


def found(orders: Iterable[wire.Order], offer_code: str) -> list[FoundOrder]:
    """The purchases of one bundle among listed orders. Raises Doubtful for one without reference or time."""
    return [_found(order, items) for order in orders if (items := _purchases(order, offer_code))]


def _purchases(order: wire.Order, offer_code: str) -> list[wire.OrderedItem]:
    return [
        item for item in order.order or () if item.item == offer_code and (item.type or "").lower() not in _NO_PURCHASE
    ]


def _found(order: wire.Order, items: list[wire.OrderedItem]) -> FoundOrder:
    created = order.create_date or order.created_date
    if not order.order_reference or not created:
        raise Doubtful("an order in the list has no reference or no time", "unreadable")
    given = [number for item in items for number in (item.iccids or [one.iccid for one in item.esims or ()])]
    alone = len(order.order or ()) == 1
    return FoundOrder(
        order_id=order.order_reference,
        offer_code=items[0].item or "",
        quantity=sum(item.quantity or 1 for item in items),
        total=total(order)
        if alone
        else _money(sum((item.sub_total or Decimal(0) for item in items), Decimal(0)), order.currency),
        created_at=parse_time(created),
        reference="",
        iccids=tuple(clean_iccid(str(number)) for number in given),
        done=completed(order),
        failed=failed(order),
    )
