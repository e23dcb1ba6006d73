"""The first half of a unit's way: taken, routed, and the intent to buy written before anything is asked.

Units that come together are taken together: one transaction and a few statements for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from simplane.core import clock, context, rows, work
from simplane.core.db import needs_transaction, transaction
from simplane.core.money import Money
from simplane.core.together import ALONE, Alone, Asked, Together
from simplane.ordering import states
from simplane.ordering.actions.outcome import soon
from simplane.ordering.actions.shrink import settle_cancel_wanted
from simplane.ordering.loading import line_of, with_all_it_needs, with_order_and_product
from simplane.ordering.models import Order, Unit
from simplane.ordering.moves import Step, die, lock_orders_of, move, move_many, still_held
from simplane.routing.actions import Chosen, Wanted, choose_many
from simplane.routing.facts import Request
from simplane.suppliers import actions as suppliers
from simplane.suppliers.actions import Intent
from simplane.suppliers.errors import BoughtAlready
from simplane.suppliers.models import Purchase

S = Unit.State
LEASE_SECONDS = 75
"""Longer than any call to a supplier may take (connect, wait for a place, read)."""
PATIENCE = timedelta(minutes=15)
"""How long a unit waits for suppliers that are only temporarily out of question, before a person is asked."""
Begun = tuple[Unit, bool | None] | None
"""A unit and whether to buy it now (None: something was asked before); None: nothing is owed, or another has it."""


def _begin(unit_id: int) -> Begun:
    """Take the unit; where nothing was asked yet, choose and write the intent too."""
    unit = _claim(unit_id)
    if unit is None:
        return None
    return unit, _route_and_prepare(unit) if unit.state in (S.WAITING, S.ROUTED) else None


def _claim(unit_id: int) -> Unit | None:
    unit = work.claim(Unit, unit_id, seconds=LEASE_SECONDS)
    if unit is not None:
        with_all_it_needs(unit)
    return unit


def _begin_many(asked: Sequence[Asked[int, Begun]]) -> list[Begun | Alone]:
    """Fresh units of open orders that want an eSIM of their own; any other takes the long way."""
    rids = {one.ask: one.rid for one in asked}
    with transaction():
        units = _fresh(list(rids))
        begun = _intend(units, rids)
    mine = {unit.pk: unit for unit in units}
    return [(mine[one.ask], one.ask in begun) if one.ask in mine else ALONE for one in asked]


@needs_transaction
def _fresh(unit_ids: Sequence[int]) -> list[Unit]:
    """Those that wait for their first purchase and that nobody wants to take back, locked after their orders.

    Their lease is not written by itself but with their move: a row that is changed twice in one transaction has the
    database check all its foreign keys.
    """
    lock_orders_of(unit_ids)
    units = rows.load(Unit, FRESH, [list(unit_ids), clock.now()])
    with_order_and_product(units)
    until = clock.now() + timedelta(seconds=LEASE_SECONDS)
    open_ones = [unit for unit in units if unit.order.state == Order.State.OPEN]
    for unit in open_ones:
        unit.lease_until = unit.due_at = until
    return open_ones


FRESH = """
WHERE t.id = ANY(%s) AND t.state = 'waiting' AND t.cancel_wanted = '' AND t.purchase_id IS NULL AND t.due_at IS NOT NULL
  AND t.tops_up_id IS NULL AND (t.lease_until IS NULL OR t.lease_until <= %s) ORDER BY t.order_id, t.id FOR UPDATE
"""


@needs_transaction
def _intend(units: Sequence[Unit], rids: Mapping[int, str]) -> set[int]:
    """Choose and write the intents. Returns the units to be bought now; of the others what was found out is written."""
    chosen = dict(zip((unit.pk for unit in units), choose_many([_wanted(unit) for unit in units]), strict=True))
    intents = [
        Intent(unit.pk, f"{unit.public_id}-{unit.attempts + 1}", one.offer, one.supplier)
        for unit in units
        if (one := chosen[unit.pk]).offer is not None and one.supplier is not None
    ]
    purchases = {one.unit_id: one for one in suppliers.prepare_many(intents)}
    move_many(
        [
            _bought_next(unit, chosen[unit.pk], purchases[unit.pk], rids[unit.pk])
            for unit in units
            if unit.pk in purchases
        ]
    )
    for unit in units:
        if unit.pk not in purchases:
            with context.belonging(rids[unit.pk]):
                _adopt_open_purchase(unit) if chosen[unit.pk].offer else _nobody_sells(unit, chosen[unit.pk])
    return set(purchases)


def _bought_next(unit: Unit, chosen: Chosen, purchase: Purchase, rid: str) -> Step:
    """The unit's way to the supplier; its lease goes on."""
    return Step(
        unit=unit,
        path=(S.ROUTED, S.BUYING) if unit.state == S.WAITING else (S.BUYING,),
        due_at=unit.due_at,
        why=chosen.why,
        rid=rid,
        fields={
            "purchase": purchase,
            "receipt_id": chosen.receipt_id,
            "attempts": unit.attempts + 1,
            "lease_until": unit.lease_until,
        },
    )


def _wanted(unit: Unit) -> Wanted:
    request = Request(
        price=Money(unit.price_minor, unit.currency),
        refused_offers=frozenset(one["offer"] for one in unit.tried_groups),
        refused_groups=frozenset(one["group"] for one in unit.tried_groups),
        stand_ins_only=unit.order.is_test,
        only_supplier=line_of(unit).supplier_id if unit.tops_up else None,
    )
    return Wanted(unit.pk, unit.product, request)


def _route_and_prepare(unit: Unit) -> bool:
    """Choose an offer and write the intent to buy it. True when the call may be made now."""
    with transaction():
        if not still_held(unit):
            return False
        if states.may_have_esim(unit):
            _adopt_open_purchase(unit)
            return False
        if unit.cancel_wanted:
            settle_cancel_wanted(unit)
            return False
        if unit.order.state != Order.State.OPEN:
            work.release(unit, due_at=None)  # releasing the order makes it due again
            return False
        (chosen,) = choose_many([_wanted(unit)])
        return _prepare(unit, chosen)


def _prepare(unit: Unit, chosen: Chosen) -> bool:
    if chosen.offer is None or chosen.supplier is None:
        _nobody_sells(unit, chosen)
        return False
    onto = line_of(unit).supplier_line_id if unit.tops_up else ""
    reference = f"{unit.public_id}-{unit.attempts + 1}"
    try:
        purchase = suppliers.prepare(Intent(unit.pk, reference, chosen.offer, chosen.supplier, onto))
    except BoughtAlready:
        _adopt_open_purchase(unit)
        return False
    move_many([_bought_next(unit, chosen, purchase, context.request_id())])
    return True


def _nobody_sells(unit: Unit, chosen: Chosen) -> None:
    waited = clock.now() - max(unit.created_at, unit.order.clock_started_at or unit.created_at)
    lasting = [one for one in unit.tried_groups if not one.get("temporary")]
    if (chosen.temporary or lasting != unit.tried_groups) and waited < PATIENCE:
        Unit.objects.filter(pk=unit.pk).update(
            lease_until=None, due_at=soon(15), tried_groups=lasting, receipt_id=chosen.receipt_id
        )
        return
    unit.receipt_id = chosen.receipt_id
    unit.save(update_fields=["receipt_id"])
    cause = "all_suppliers_refused" if unit.tried_groups else "no_offer"
    die(unit, cause, chosen.why, detail={"receipt": chosen.receipt_id, "tried": unit.tried_groups})


def _adopt_open_purchase(unit: Unit) -> None:
    """The database knows a purchase this unit forgot: go on with that one, it may have been executed."""
    purchase = Purchase.objects.filter(unit_id=unit.pk, state__in=["requested", "pending", "unknown", "bought"]).latest(
        "pk"
    )
    move(unit, S.ROUTED, S.BUYING, why="an earlier purchase is still open", due_at=clock.now(), purchase=purchase)


begin: Together[int, Begun] = Together("ordering.advance", _begin_many, _begin)
"""Take a unit, together with others that are taken at the moment."""
