"""`simplane reconcile`: compare a shop (or all) with us now and print the proof."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

import django


def main(argv: list[str]) -> int:
    """Exit code 0 when every shop balanced, 1 when not or when one could not be compared, 2 for an unknown shop."""
    parser = argparse.ArgumentParser(prog="simplane reconcile", description=__doc__)
    parser.add_argument("--shop", metavar="KEY", help="one shop; default: all active ones")
    parser.add_argument("--full", action="store_true", help="the last three days, not only since the last run")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(argv)
    django.setup()
    from simplane.channels.errors import UnknownShop

    try:
        proofs = asyncio.run(_compare(options.shop, full=options.full))
    except UnknownShop as problem:
        parser.exit(2, f"{problem.message}\n")
    balanced = all(proof["balanced"] for proof in proofs)
    if options.json:
        print(json.dumps(proofs[0] if options.shop else {"shops": proofs, "balanced": balanced}))
    else:
        for proof in proofs:
            print(_in_words(proof))
    return 0 if balanced else 1


async def _compare(key: str | None, *, full: bool) -> list[dict[str, Any]]:
    from simplane.channels import shops
    from simplane.channels.errors import ReconciliationFailed
    from simplane.channels.reconcile import reconcile
    from simplane.channels.subscriptions import active_shops
    from simplane.core.db import in_thread

    wanted = [((await in_thread(shops.by_key, key)).pk, key)] if key else await in_thread(active_shops)
    proofs: list[dict[str, Any]] = []
    for shop_id, name in wanted:
        try:
            proofs.append(await reconcile(shop_id, "full" if full else "recent"))
        except ReconciliationFailed as problem:
            proofs.append({"shop": name, "balanced": False, "problem": str(problem)})
    return proofs


def _in_words(proof: dict[str, Any]) -> str:
    if proof["problem"]:
        return f"{proof['shop']}: could not be compared: {proof['problem']}"
    named = sum(entry.get("count", 1) for entry in proof["exceptions"])
    head = (
        f"{proof['shop']} since {proof['since']}: {proof['at_shop']} at the shop = {proof['here']} here + {named} named"
    )
    lines = [f"  {entry['name'] or entry.get('count', '')} {entry['why']}" for entry in proof["exceptions"]]
    lines += [f"  {entry['name']} DOES NOT FIT: {entry['why']}" for entry in proof["unexplained"]]
    return "\n".join([f"{head}{'' if proof['balanced'] else ' (UNBALANCED)'}, {proof['recovered']} recovered", *lines])
