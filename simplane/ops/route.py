"""`simplane route --explain THING`: why routing decides as it does.

THING is a SKU (what would be decided now; nothing is written), a unit's public id (its decisions so far) or the number
of a receipt (that decision). Stored decisions are ranked again from their own facts, to show that they hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from simplane.core.money import Money


def main(argv: list[str]) -> int:
    """Exit code 0: explained; 1: a stored decision does not come out the same; 2: refused (unknown thing, no price)."""
    parser = argparse.ArgumentParser(prog="simplane route", description=__doc__)
    parser.add_argument("--explain", required=True, metavar="THING")
    parser.add_argument("--price", metavar='"12.90 EUR"', help="of a SKU; the list price in force when left out")
    parser.add_argument("--test-order", action="store_true", help="of a SKU: as for a test order, stand-ins only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    django.setup()
    from simplane.core.errors import Refusal

    try:
        result = _explained(options)
    except Refusal as refusal:
        print(f"route: {refusal}", file=sys.stderr)
        return 2
    print(json.dumps(result) if options.json else _told(result))
    return 0 if all(one["same"] is not False for one in result["decisions"]) else 1


def _explained(options: argparse.Namespace) -> dict[str, Any]:
    thing: str = options.explain
    if thing.isdigit():
        return {"receipt": int(thing), "decisions": [_stored(int(thing))]}
    receipts = _of_unit(thing)
    if receipts is not None:
        return {"unit": thing, "decisions": [_stored(receipt_id) for receipt_id in receipts]}
    return {"sku": thing, "decisions": [_now(thing, _price(options.price), test_order=options.test_order)]}


def _price(text: str | None) -> Money | None:
    from simplane.core import money

    amount, _, currency = (text or "").strip().rpartition(" ")
    return money.parse(amount, currency) if text else None


def _of_unit(public_id: str) -> list[int] | None:
    """Receipts of a unit, the first first; None: no unit is called so."""
    from simplane.ordering.models import Unit
    from simplane.routing import queries

    unit = Unit.objects.filter(public_id=public_id).only("pk").first()
    return None if unit is None else list(queries.receipts(unit_id=unit.pk).order_by("pk").values_list("pk", flat=True))


def _now(sku: str, price: Money | None, *, test_order: bool) -> dict[str, Any]:
    from simplane.routing.actions import explain, stored_candidates

    found = explain(sku, price, stand_ins_only=test_order)
    return {
        "receipt": None,
        "why": found.why,
        "same": None,
        "candidates": stored_candidates(found.facts, found.ranking),
        "facts": asdict(found.facts),
    }


def _stored(receipt_id: int) -> dict[str, Any]:
    from simplane.routing.actions import replay
    from simplane.routing.models import Receipt

    found = replay(receipt_id)
    receipt = Receipt.objects.get(pk=receipt_id)
    chosen = next((one for one in found.stored if one["verdict"] == "chosen"), None)
    return {
        "receipt": receipt_id,
        "decided_at": receipt.decided_at.isoformat(),
        "why": f"{chosen['supplier']} {chosen['code']}: {chosen['reasons'][0]}"
        if chosen
        else "no offer could be bought",
        "same": found.same,
        "version": found.version,
        "version_now": found.version_now,
        "candidates": found.stored,
        "facts": receipt.facts,
    }


def _told(result: dict[str, Any]) -> str:
    return "\n\n".join(_decision(one) for one in result["decisions"]) or "no decision was taken yet"


def _decision(one: dict[str, Any]) -> str:
    from simplane.core.money import Money

    head = "now" if one["receipt"] is None else f"receipt {one['receipt']} of {one['decided_at']}"
    facts = one["facts"]
    lines = [f"{head}: {facts['sku']} at {Money(facts['price_minor'], facts['currency'])}", f"  {one['why']}"]
    for candidate in one["candidates"]:
        name = f"{candidate['supplier']} {candidate['code']}".strip()
        lines.append(f"  {candidate['verdict']:10} {name}")
        lines += [f"             {reason}" for reason in candidate["reasons"]]
    if one["same"] is not None:
        again = "comes out the same" if one["same"] else "does NOT come out the same"
        note = "" if one["version"] == one["version_now"] else f" (version {one['version']}, now {one['version_now']})"
        lines.append(f"  ranked again from its facts it {again}{note}")
    return "\n".join(lines)
