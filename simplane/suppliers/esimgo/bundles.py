"""Bundles on an eSIM: reading them, revoking them, and getting the money of an unused one back (reference 1.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from simplane.core.money import Money
from simplane.suppliers.esimgo import orders, wire
from simplane.suppliers.esimgo.client import Client, ok, part
from simplane.suppliers.outcomes import Ok, Permanent, Result
from simplane.suppliers.values import LineRef, Returned

Named = tuple[str, wire.Assignment]
"""A bundle's name and one assignment of it."""
_UNUSED = frozenset({"processing", "queued"})
_LIVING = frozenset({"processing", "queued", "active", "depleted"})
_NO_REFUND = re.compile(r"\b(?:not|no|non|cannot|can't)\b[^.]*refund", re.IGNORECASE)
DEACTIVATED = "410"
GONE = frozenset({"403", "404", DEACTIVATED})
"""Refusals that say about an eSIM of ours: it is no longer in the account."""


async def assignments(client: Client, iccid: str) -> Result[Sequence[Named]]:
    """Everything that is or was on an eSIM."""

    def read(body: bytes) -> Result[Sequence[Named]]:
        found = wire.bundles.decode(body)
        return Ok([(bundle.name, one) for bundle in found.bundles or () for one in bundle.assignments or ()])

    query = [("includeUsed", "true"), ("limit", "200")]
    return await client.read("bundles", f"/esims/{part(iccid)}/bundles", read, query=query, about="line")


async def revoke_all(client: Client, line: LineRef) -> Result[Returned]:
    """The end of a line where there is no deletion (2.4): everything on it is taken off."""
    found = await assignments(client, line.iccid)
    if isinstance(found, Permanent) and found.code in GONE:
        return Ok(Returned(refunded=None, how="already_gone"))
    if not isinstance(found, Ok):
        return found
    living = [(name, one) for name, one in found.value if _state(one) in _LIVING]
    for name, one in living:
        done = await _revoke(client, line.iccid, name, one)
        if not isinstance(done, Ok):
            return done
    return Ok(Returned(refunded=None, how="terminated_only" if living else "already_gone"))


async def revoke_unused(client: Client, line: LineRef) -> Result[bool]:
    """Take the bundle of the line's order off if it was never started. False: it was, and the line has both."""
    found = await assignments(client, line.iccid)
    if not isinstance(found, Ok):
        return found
    mine = _of_order(found.value, line)
    for name, one in mine:
        if _state(one) in _UNUSED:
            done = await _revoke(client, line.iccid, name, one)
            if not isinstance(done, Ok):
                return done
    return Ok(all(_state(one) in _UNUSED or _state(one) == "revoked" for _, one in mine))


async def cancel(client: Client, line: LineRef) -> Result[Returned]:
    """Revoke an unused bundle into the inventory and refund it from there. May be called again after any outcome.

    Nothing is revoked unless eSIM Go says beforehand that it gives something back: refunds are off by default.
    """
    order = await client.read("order_status", f"/orders/{part(line.order_id)}", ok(wire.order))
    if not isinstance(order, Ok):
        return order
    price = orders.unit_cost(order.value)
    found = await assignments(client, line.iccid)
    if isinstance(found, Permanent) and found.code == DEACTIVATED:
        return Ok(Returned(refunded=None, how="already_gone"))
    if isinstance(found, Permanent) and found.code in GONE:
        # An earlier call revoked it: an eSIM that was never installed then leaves the account.
        return await _refund_stock(client, line.offer_code, price)
    if not isinstance(found, Ok):
        return found
    mine = _of_order(found.value, line)
    unused = [one for _, one in mine if _state(one) in _UNUSED]
    if unused:
        return await _revoke_for_money(client, line, unused[0], price)
    if any(_state(one) == "revoked" for _, one in mine):
        return await _refund_stock(client, line.offer_code, price)
    return Permanent("the bundle was started, or is not on this eSIM", "not_refundable")


async def _revoke_for_money(
    client: Client, line: LineRef, unused: wire.Assignment, price: Money | None
) -> Result[Returned]:
    path = _path(line.iccid, line.offer_code, unused)
    shown = await client.send("revoke_check", "DELETE", f"{path}?type=validate", _text, about="line", changes=False)
    if not isinstance(shown, Ok):
        return shown
    if "refund" not in shown.value or _NO_REFUND.search(shown.value):
        return Permanent("eSIM Go would take it back without a refund", "not_refundable")
    done = await _revoke(client, line.iccid, line.offer_code, unused)
    if not isinstance(done, Ok):
        return done
    if "to balance" in done.value:
        return Ok(Returned(refunded=price, how="refunded"))
    if "inventory" in done.value:
        return await _refund_stock(client, line.offer_code, price)
    return Ok(Returned(refunded=None, how="terminated_only"))


async def _refund_stock(client: Client, name: str, price: Money | None) -> Result[Returned]:
    stock = await client.read("inventory", "/inventory", ok(wire.inventory))
    if not isinstance(stock, Ok):
        return stock
    there = [
        one
        for bundle in stock.value.bundles or ()
        if bundle.name == name
        for one in bundle.available or ()
        if one.remaining > 0
    ]
    if not there:
        return Ok(Returned(refunded=None, how="already_gone"))
    body = msgspec.json.encode({"usageId": there[-1].id, "quantity": 1})
    done = await client.send("refund", "POST", "/inventory/refund", _text, body=body, about="line")
    if isinstance(done, Permanent):
        # It stays in our inventory until an account manager switches refunds on.
        return Ok(Returned(refunded=None, how="requested"))
    return Ok(Returned(refunded=price, how="refunded")) if isinstance(done, Ok) else done


async def _revoke(client: Client, iccid: str, name: str, one: wire.Assignment) -> Result[str]:
    path = f"{_path(iccid, name, one)}?type=transaction"
    return await client.send("revoke", "DELETE", path, _text, about="line")


def _path(iccid: str, name: str, one: wire.Assignment) -> str:
    return f"/esims/{part(iccid)}/bundles/{part(name)}/assignments/{part(str(one.id))}"


def _text(body: bytes) -> Result[str]:
    found = wire.status.decode(body)
    return Ok(f"{found.status or ''} {found.message or ''}".lower())


def _of_order(found: Sequence[Named], line: LineRef) -> list[Named]:
    """The assignments this line's own order made: their references begin with the order's."""
    return [
        (name, one)
        for name, one in found
        if name == line.offer_code and (one.assignment_reference or "").startswith(line.order_id)
    ]


def _state(one: wire.Assignment) -> str:
    return (one.bundle_state or "").lower()
