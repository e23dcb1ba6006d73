"""What can be done with fulfilment orders: fulfil, hold, release."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.shopify.model import Fulfilment, FulfilmentOrder, FulfilmentOrderLine, Hold, Order
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.totals import remaining

OPEN_STATUSES = ("OPEN", "IN_PROGRESS")
HOLD_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Tracking:
    """What the buyer may follow."""

    company: str | None = None
    number: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """Which units of one fulfilment order: (fulfilment order line id, quantity), or nothing named = all of it."""

    fulfilment_order_id: int
    lines: Sequence[tuple[int, int]]


def fulfil(order: Order, picks: Sequence[Pick], tracking: Tracking, now_ms: int) -> Fulfilment:
    """Mark units as sent. Raises RefusedError."""
    homes = [_home(order, pick) for pick in picks]
    if len({home.location for home in homes}) > 1:
        raise RefusedError("All fulfillment orders must be assigned to the same location.", "fulfillment")
    taken: dict[int, tuple[FulfilmentOrderLine, int]] = {}
    for home, pick in zip(homes, picks, strict=True):
        for entry, quantity in _units(home, pick):
            before = taken.get(entry.id, (entry, 0))[1]
            taken[entry.id] = (entry, before + quantity)
    if not taken or any(not 0 < quantity <= entry.remaining for entry, quantity in taken.values()):
        raise RefusedError("Invalid fulfillment order line item quantity requested.", "fulfillment")
    for entry, quantity in taken.values():
        entry.remaining -= quantity
        order.line(entry.line_id).fulfilled += quantity
    for home in homes:
        home.status = "IN_PROGRESS" if remaining(home) else "CLOSED"
    fulfilment = Fulfilment(
        id=order.take_id(),
        at_ms=now_ms,
        lines=[(order.take_id(), entry.line_id, quantity) for entry, quantity in taken.values()],
        company=tracking.company,
        tracking_number=tracking.number,
        url=tracking.url,
    )
    order.fulfilments.append(fulfilment)
    return fulfilment


def fulfil_everything(order: Order, tracking: Tracking, now_ms: int) -> Fulfilment:
    """The merchant presses "fulfil items" in the admin: everything that is still open at the first location."""
    homes = [entry for entry in order.fulfilment_orders if remaining(entry) and entry.status in OPEN_STATUSES]
    picks = [Pick(entry.id, ()) for entry in homes if entry.location == homes[0].location]
    return fulfil(order, picks, tracking, now_ms)


def find(order: Order, fulfilment_order_id: int) -> FulfilmentOrder | None:
    """One fulfilment order of this order."""
    return next((entry for entry in order.fulfilment_orders if entry.id == fulfilment_order_id), None)


def actions(fulfilment_order: FulfilmentOrder) -> list[str]:
    """supportedActions."""
    if fulfilment_order.status == "ON_HOLD":
        return ["HOLD", "RELEASE_HOLD"]
    if fulfilment_order.status not in OPEN_STATUSES:
        return []
    if fulfilment_order.service:
        return ["REQUEST_FULFILLMENT", "EXTERNAL", "HOLD"]
    return ["CREATE_FULFILLMENT", "HOLD", "MOVE"]


def hold(order: Order, home: FulfilmentOrder, *, reason: str, notes: str | None, handle: str) -> Hold:
    """One more hold. Raises RefusedError for a handle used twice and for the eleventh hold."""
    if home.status not in (*OPEN_STATUSES, "ON_HOLD"):
        raise RefusedError("The fulfillment order is not in a state that can be put on hold.", "id")
    if any(entry.handle == handle for entry in home.holds):
        raise RefusedError(
            "The handle provided for the fulfillment hold is already in use.",
            *("fulfillmentHold", "handle"),
            code="DUPLICATE_FULFILLMENT_HOLD_HANDLE",
        )
    if len(home.holds) >= HOLD_LIMIT:
        raise RefusedError("Too many holds.", "id", code="FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    placed = Hold(order.take_id(), reason, notes, handle)
    home.holds.append(placed)
    home.status = "ON_HOLD"
    return placed


def release(home: FulfilmentOrder, hold_ids: Sequence[int] | None) -> None:
    """Take holds away: the named ones, or all. Other holds keep it waiting."""
    home.holds = [entry for entry in home.holds if hold_ids is not None and entry.id not in hold_ids]
    if not home.holds and home.status == "ON_HOLD":
        sent = any(entry.remaining < entry.total for entry in home.lines)
        home.status = "IN_PROGRESS" if sent else "OPEN"


def withdraw(order: Order, line_id: int, quantity: int) -> None:
    """Units that were refunded or edited away need not be sent any more; those already sent stay sent."""
    for home in order.fulfilment_orders:
        for entry in home.lines:
            gone = min(quantity, entry.remaining) if entry.line_id == line_id else 0
            entry.remaining -= gone
            quantity -= gone
            if gone and not remaining(home):
                home.status, home.holds = "CLOSED", []


def _home(order: Order, pick: Pick) -> FulfilmentOrder:
    home = find(order, pick.fulfilment_order_id)
    if home is None:
        raise RefusedError("Fulfillment order does not exist.", "fulfillment")
    if home.status not in OPEN_STATUSES:
        raise RefusedError(
            f"Fulfillment order {home.id} has an unfulfillable status = {home.status.lower()}.", "fulfillment"
        )
    if home.service:
        raise RefusedError("The fulfillment order is assigned to another fulfillment service.", "fulfillment")
    return home


def _units(home: FulfilmentOrder, pick: Pick) -> list[tuple[FulfilmentOrderLine, int]]:
    if not pick.lines:
        return [(entry, entry.remaining) for entry in home.lines if entry.remaining]
    by_id = {entry.id: entry for entry in home.lines}
    if any(number not in by_id for number, _ in pick.lines):
        raise RefusedError("Fulfillment order line item does not exist.", "fulfillment")
    if any(quantity < 1 for _, quantity in pick.lines):
        raise RefusedError("Invalid fulfillment order line item quantity requested.", "fulfillment")
    return [(by_id[number], quantity) for number, quantity in pick.lines]
