"""What a merchant changes on an order after the sale."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.kit.control import BadControlError
from sandbox.shopify.create import add_line, place
from sandbox.shopify.fulfil import withdraw
from sandbox.shopify.ids import stable_number
from sandbox.shopify.model import Dispute, Line, Order
from sandbox.shopify.money import parse_amount
from sandbox.shopify.totals import total

EDIT_KEYS = frozenset(("raise", "remove", "add"))
DISPUTE_STATUSES = ("needs_response", "under_review", "accepted", "won", "lost")


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit changed: (line id, units)."""

    additions: list[tuple[int, int]] = field(default_factory=list)
    removals: list[tuple[int, int]] = field(default_factory=list)


def edit(order: Order, wanted: Mapping[str, Any]) -> Edit:
    """`{"raise": {line: n}, "remove": {line: n}, "add": [line, ...]}`, a line named by id or SKU.

    Raises BadControlError. Removing lowers what is owed, it moves no money.
    """
    if not wanted or set(wanted) - EDIT_KEYS:
        raise BadControlError("an edit needs one of: raise, remove, add")
    result = Edit()
    for name, more in dict(wanted.get("raise", {})).items():
        line, units = named_line(order, str(name)), _units(more)
        line.quantity += units
        place(order, line, units)
        result.additions.append((line.id, units))
    for name, fewer in dict(wanted.get("remove", {})).items():
        line, units = named_line(order, str(name)), _units(fewer)
        if units > line.current:
            raise BadControlError(f"line {line.id} has only {line.current} left")
        line.removed += units
        withdraw(order, line.id, units)
        result.removals.append((line.id, units))
    for given in wanted.get("add", []):
        line = add_line(order, given)
        result.additions.append((line.id, line.quantity))
    return result


def named_line(order: Order, name: str) -> Line:
    """A line by its id or, failing that, by its SKU. Raises BadControlError."""
    for line in order.lines:
        if name in (str(line.id), line.sku):
            return line
    raise BadControlError(f"order {order.name} has no line {name!r}")


def dispute(order: Order, wanted: Mapping[str, Any], now_ms: int) -> Dispute:
    """Open a dispute over the whole total unless told otherwise."""
    amount = wanted.get("amount")
    entry = Dispute(
        id=stable_number("dispute", str(order.take_id())),
        kind=str(wanted.get("kind", "chargeback")),
        amount_minor=total(order) if amount is None else parse_amount(amount, order.currency),
        reason=str(wanted.get("reason", "fraudulent")),
        status=_status(wanted.get("status", "needs_response")),
        at_ms=now_ms,
    )
    order.disputes.append(entry)
    return entry


def settle_dispute(order: Order, status: object) -> Dispute:
    """Move the last dispute on. Raises BadControlError when there is none."""
    if not order.disputes:
        raise BadControlError(f"order {order.name} has no dispute")
    order.disputes[-1].status = _status(status)
    return order.disputes[-1]


def _status(status: object) -> str:
    if status not in DISPUTE_STATUSES:
        raise BadControlError(f"status must be one of {', '.join(DISPUTE_STATUSES)}")
    return str(status)


def _units(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadControlError("units must be a whole number above 0")
    return value
