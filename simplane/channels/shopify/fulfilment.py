"""What must be sent to the shop so that our delivered units count as fulfilled there. A pure decision over one read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simplane.channels.shopify.operations import gid
from simplane.channels.shopify.text import JSON, count, member, number_id, objects, text

WORKABLE = frozenset({"OPEN", "IN_PROGRESS"})
WAITING = frozenset({"ON_HOLD", "SCHEDULED"})
VOID = frozenset({"CANCELLED", "ERROR", "FAILURE"})


@dataclass(frozen=True, slots=True)
class Home:
    """One fulfilment order: lines that leave from one location together."""

    id: str
    status: str
    actions: frozenset[str]
    location: str
    place: str
    remaining: tuple[tuple[str, str, int], ...]
    """(its own line id, the order's line id, units still to fulfil)"""

    @property
    def workable(self) -> bool:
        """Whether we may fulfil it now."""
        return self.status in WORKABLE and "CREATE_FULFILLMENT" in self.actions


@dataclass(frozen=True, slots=True)
class Fulfilments:
    """The fulfilment side of one order as read."""

    homes: tuple[Home, ...]
    sent: tuple[tuple[str, Mapping[str, int]], ...]
    """(tracking number, units by order line) of every fulfilment that counts."""
    cut_off: bool
    """There is more than was read."""


@dataclass(slots=True)
class Call:
    """One fulfillmentCreate: all of one location."""

    location: str
    parts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """Fulfilment order id -> (its line id, units)."""
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do for the wanted units."""

    calls: tuple[Call, ...]
    satisfied: dict[str, int]
    """Units that are fulfilled already, by us under this tracking number or by the merchant."""
    on_hold: dict[str, int]
    refused: dict[str, int]
    """Units in fulfilment orders that we may not fulfil (another service has them)."""
    where: str = ""
    """The place of the refused ones."""


def read(order: JSON, *, sent: int) -> Fulfilments:
    """The `order` of OpenFulfilments, asked with `first: sent`. Raises BadBody."""
    made, homes = objects(order, "fulfillments"), member(order, "fulfillmentOrders")
    nodes = objects(homes, "nodes")
    cut = len(made) >= sent or _more(homes) or any(_more(member(node, "lineItems")) for node in nodes)
    cut = cut or any(_more(member(one, "fulfillmentLineItems")) for one in made)
    counted = [one for one in made if text(one.get("status"), 20) not in VOID]
    return Fulfilments(tuple(_home(node) for node in nodes), tuple(_sent(one) for one in counted), cut)


def _more(connection: JSON) -> bool:
    return member(connection, "pageInfo").get("hasNextPage") is True


def _home(node: JSON) -> Home:
    place = member(node, "assignedLocation")
    lines = objects(member(node, "lineItems"), "nodes")
    return Home(
        number_id(node.get("id"), "a fulfilment order"),
        text(node.get("status"), 20),
        frozenset(text(one.get("action"), 40) for one in objects(node, "supportedActions")),
        text(member(place, "location").get("id"), 100),
        text(place.get("name"), 80),
        tuple(
            (
                number_id(line.get("id"), "a fulfilment line"),
                number_id(member(line, "lineItem").get("id"), "a line"),
                count(line.get("remainingQuantity"), "remainingQuantity"),
            )
            for line in lines
        ),
    )


def _sent(node: JSON) -> tuple[str, Mapping[str, int]]:
    numbers = [text(one.get("number"), 100) for one in objects(node, "trackingInfo")]
    units: dict[str, int] = {}
    for one in objects(member(node, "fulfillmentLineItems"), "nodes"):
        line = number_id(member(one, "lineItem").get("id"), "a line")
        units[line] = units.get(line, 0) + count(one.get("quantity") or 0, "quantity")
    return (numbers[0] if numbers else ""), units


def plan(found: Fulfilments, wanted: Mapping[str, int], tracking: str) -> Plan:
    """Which calls make `wanted` (units by order line) true. Units already sent under `tracking` are not sent again."""
    left = dict(wanted)
    for number, sent in found.sent:
        if number == tracking:
            left = {line: max(0, owed - sent.get(line, 0)) for line, owed in left.items()}
    calls: dict[str, Call] = {}
    on_hold: dict[str, int] = {}
    refused: dict[str, int] = {}
    where = ""
    for home in sorted(found.homes, key=lambda one: not one.workable):
        for own_id, line, units in _owed(home, left):
            left[line] -= units
            if home.workable:
                _add(calls.setdefault(home.location, Call(home.location)), home.id, own_id, line, units)
            elif home.status in WAITING:
                on_hold[line] = on_hold.get(line, 0) + units
            else:
                refused[line], where = refused.get(line, 0) + units, home.place
    open_units = _sum([*(call.lines for call in calls.values()), on_hold, refused])
    satisfied = {line: owed - open_units.get(line, 0) for line, owed in wanted.items()}
    return Plan(tuple(calls.values()), {k: v for k, v in satisfied.items() if v > 0}, on_hold, refused, where)


def _owed(home: Home, left: Mapping[str, int]) -> Iterable[tuple[str, str, int]]:
    for own_id, line, remaining in home.remaining:
        units = min(remaining, left.get(line, 0))
        if units > 0:
            yield own_id, line, units


def _add(call: Call, home: str, own_id: str, line: str, units: int) -> None:
    call.parts.setdefault(home, []).append((own_id, units))
    call.lines[line] = call.lines.get(line, 0) + units


def _sum(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for line, units in part.items():
            total[line] = total.get(line, 0) + units
    return total


def variables(call: Call, *, tracking: str, url: str) -> JSON:
    """FulfillmentInput of one call. Lines are always named: without them the phone case would be sent, too."""
    return {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": gid("FulfillmentOrder", home),
                "fulfillmentOrderLineItems": [
                    {"id": gid("FulfillmentOrderLineItem", line), "quantity": units} for line, units in lines
                ],
            }
            for home, lines in call.parts.items()
        ],
        "notifyCustomer": False,
        "trackingInfo": {"company": "Other", "number": tracking, "url": url},
    }
