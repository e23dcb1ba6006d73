"""`simplane reseller create NAME`: take a reseller on and print its live and test key, which are shown once."""

from __future__ import annotations

import argparse
import json

import django


def main(argv: list[str]) -> int:
    """Exit code 0, or 1 with the reason."""
    parser = argparse.ArgumentParser(prog="simplane reseller", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="an organization, its test twin, wallets and keys")
    create.add_argument("name")
    create.add_argument("--currency", default="EUR")
    create.add_argument("--credit", default="0", metavar="AMOUNT", help="how far its wallet may go below zero: 500.00")
    create.add_argument("--reason", default="", help="why the credit is granted")
    create.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(argv)
    django.setup()
    return _create(options)


def _create(options: argparse.Namespace) -> int:
    from simplane.core import context
    from simplane.core.errors import Refusal
    from simplane.core.money import parse
    from simplane.ordering.resellers import Agreed, onboard

    try:
        with context.acting("command line"):
            credit = parse(options.credit, options.currency)
            made = onboard(options.name, options.currency, Agreed(credit_minor=credit.minor, reason=options.reason))
    except Refusal as refusal:
        print(f"reseller create: {refusal}")
        return 1
    keys = {"organization": made.organization.slug, "live_key": made.live.secret, "test_key": made.test.secret}
    if options.json:
        print(json.dumps(keys))
        return 0
    print(f"{made.organization.name} ({made.organization.slug}), prices in {options.currency}")
    print(f"live key  {made.live.secret}\ntest key  {made.test.secret}\nKeep them now: they are not shown again.")
    return 0
