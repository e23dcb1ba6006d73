"""`simplane ledger verify`: is every cent still where it was posted?  `simplane ledger close 2026-10`: close a month."""

from __future__ import annotations

import argparse
import json
from datetime import date, datetime

import django


def main(argv: list[str]) -> int:
    """Exit code 0 when intact, 1 when not, 2 for a wrong word."""
    parser = argparse.ArgumentParser(prog="simplane ledger", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser(
        "verify", help="walk the hash chains, add up every transaction, compare wallets and holds"
    )
    verify.add_argument("--json", action="store_true", help="one JSON object")
    close = verbs.add_parser("close", help="close a month: nothing posts into it any more")
    close.add_argument("month", type=_month, metavar="YYYY-MM")
    options = parser.parse_args(argv)
    django.setup()
    return _close(options.month) if options.verb == "close" else _verify(as_json=options.json)


def _month(text: str) -> date:
    return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007  a month has no zone


def _verify(*, as_json: bool) -> int:
    from simplane.ledger.verify import verify

    verdict = verify()
    state = "intact" if not verdict.problems else "damaged"
    if as_json:
        found = {"state": state, "transactions": verdict.transactions, "problems": list(verdict.problems)}
        print(json.dumps(found))
    else:
        print(f"{state}: {verdict.transactions} transactions", *verdict.problems, sep="\n")
    return 0 if not verdict.problems else 1


def _close(month: date) -> int:
    from simplane.core import context
    from simplane.core.errors import Refusal
    from simplane.ledger.actions import close_month

    try:
        with context.acting("command line"):
            period = close_month(month)
    except Refusal as refusal:
        print(f"ledger close: {refusal}")
        return 1
    print(f"{period.month:%Y-%m} is closed")
    return 0
