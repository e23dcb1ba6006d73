"""`simplane sync-catalog`: pull the suppliers' catalogues now and show what changed."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from simplane.suppliers.models import Supplier

MOST_SHOWN = 20
"""Changes of each kind that are listed one by one; the counts are complete."""


def main(argv: list[str]) -> int:
    """Exit code 0: all pulled; 1: a catalogue could not be used (the others were); 2: there is no such supplier."""
    parser = argparse.ArgumentParser(prog="simplane sync-catalog", description=__doc__)
    parser.add_argument("--supplier", metavar="CODE", help="only this one")
    parser.add_argument("--accept-loss", action="store_true", help="believe a catalogue in which very much is missing")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    django.setup()
    suppliers = _wanted(options.supplier)
    if not suppliers:
        print(
            f"sync-catalog: no {'active supplier' if not options.supplier else f'supplier {options.supplier}'}",
            file=sys.stderr,
        )
        return 2
    results = asyncio.run(_pull(suppliers, accept_loss=options.accept_loss))
    fine = not any(one["problem"] for one in results)
    print(json.dumps({"ok": fine, "suppliers": results}) if options.json else "\n".join(map(_told, results)))
    return 0 if fine else 1


def _wanted(code: str | None) -> list[Supplier]:
    from simplane.suppliers.models import Supplier

    found = Supplier.objects.filter(code=code) if code else Supplier.objects.filter(active=True)
    return list(found.order_by("code"))


async def _pull(suppliers: list[Supplier], *, accept_loss: bool) -> list[dict[str, Any]]:
    from simplane.core.db import in_thread
    from simplane.suppliers import registry
    from simplane.suppliers.catalog_sync import sync

    results = []
    for supplier in suppliers:
        run = await sync(supplier.pk, accept_loss=accept_loss)
        await registry.adapter(supplier).close()
        results.append(await in_thread(_result, supplier.code, run))
    return results


def _result(code: str, run: Any) -> dict[str, Any]:
    from simplane.suppliers.models import OfferChange, QuarantinedOffer

    changes = []
    for kind in ("price", "content", "networks", "vanished", "back", "new"):
        rows = OfferChange.objects.filter(run=run, kind=kind).select_related("offer").defer("offer__raw")
        changes += [
            {"kind": kind, "code": row.offer.code, "before": row.before, "after": row.after, "state": row.offer.state}
            for row in rows.order_by("pk")[:MOST_SHOWN]
        ]
    quarantined = QuarantinedOffer.objects.filter(supplier_id=run.supplier_id).order_by("code")
    return {
        "supplier": code,
        "problem": run.problem,
        "counts": run.counts,
        "changes": changes,
        "quarantined": [{"code": row.code, "reason": row.reason} for row in quarantined[:MOST_SHOWN]],
    }


def _told(result: dict[str, Any]) -> str:
    counts = ", ".join(
        f"{count} {name}" for name, count in result["counts"].items() if count and name not in ("sold", "changed")
    )
    lines = [f"{result['supplier']}: {result['problem'] or counts}"]
    # All of a first catalogue is new: no need to name it.
    for one in (change for change in result["changes"] if change["kind"] != "new" or result["counts"].get("sold")):
        waits = " (waits for review)" if one["state"] == "review" else ""
        lines.append(f"  {one['kind']:9} {one['code']}{_difference(one['before'], one['after'])}{waits}")
    lines += [f"  unreadable {one['code']}: {one['reason']}" for one in result["quarantined"]]
    return "\n".join(lines)


def _difference(before: Any, after: Any) -> str:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    changed = [f"{name} {before.get(name)} -> {value}" for name, value in after.items() if before.get(name) != value]
    return f": {', '.join(changed)}"
