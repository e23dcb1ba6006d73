"""`simplane payments match`: compare Stripe's payouts and balance with our ledger, line by line, and name differences."""

from __future__ import annotations

import argparse
import json
from typing import Any

import django


def main(argv: list[str]) -> int:
    """Exit code 0 when everything matches, 1 when something differs or Stripe can not be asked."""
    parser = argparse.ArgumentParser(prog="simplane payments", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    match = verbs.add_parser("match", help="read the payouts of the last week and those that differed, and match them")
    match.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(argv)
    django.setup()
    found = _matched()
    if options.json:
        print(json.dumps(found))
    else:
        _print(found)
    return 0 if found["ok"] else 1


def _matched() -> dict[str, Any]:
    from simplane.payments.catch_up import catch_up
    from simplane.payments.matching import balances, match_open
    from simplane.payments.models import Payout, PayoutLine

    read = catch_up()
    match_open()
    problems = [f"{key}: {one['problem']}" for key, one in read.items() if "problem" in one]
    rows = Payout.objects.filter(differences__gt=0).order_by("created_at")
    problems += [f"{one.stripe_id}: {one.problem}" for one in rows if one.problem]
    lines = PayoutLine.objects.exclude(difference="").select_related("payout").order_by("pk")
    problems += [f"{one.payout.stripe_id}: {one.kind} {one.source}: {one.difference}" for one in lines]
    compared = balances()
    return {
        "ok": not problems and all(one["stripe_minor"] == one["ledger_minor"] for one in compared),
        "payouts": Payout.objects.count(),
        "differences": problems,
        "balances": compared,
    }


def _print(found: dict[str, Any]) -> None:
    for one in found["balances"]:
        same = "" if one["stripe_minor"] == one["ledger_minor"] else "   DIFFERS"
        sums = f"at Stripe {one['stripe_minor']:>12}   in the ledger {one['ledger_minor']:>12}"
        print(f"{one['account']:20} {one['currency']}   {sums}{same}")
    for line in found["differences"]:
        print(line)
    print(f"{found['payouts']} payouts, {len(found['differences'])} differences")
