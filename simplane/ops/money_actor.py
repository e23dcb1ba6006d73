"""One process of `simplane chaos --money`: does its deeds through the ledger's verbs and the order function, and notes
each in a journal after its commit. Run as `python -m simplane.ops.money_actor`; killed at any moment, started again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from simplane.ops.money_plan import CURRENCIES, Deed, deed

DATABASE_AWAY_SECONDS = 60.0


def main(argv: list[str]) -> int:
    """Exit code 0 when every deed of the share is in the journal."""
    parser = argparse.ArgumentParser(prog="money_actor", description=__doc__)
    for name in ("--seed", "--actors", "--actor", "--share", "--wallets"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    options = parser.parse_args(argv)
    import django

    django.setup()
    journal = os.open(options.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    doer = _Doer()
    for number in range(done_before(options.journal), options.share):
        one = deed(options.seed, options.actors, options.actor, number, options.wallets)
        for _ in range(2 if one.twice else 1):
            outcome = doer.do(one)
        os.write(journal, f"{number} {outcome} {named(one)}\n".encode())
    return 0


def done_before(journal: Path) -> int:
    """How many deeds a journal holds; a line that was cut off by a kill does not count and is taken out."""
    if not journal.exists():
        return 0
    whole = journal.read_bytes()
    kept = whole[: whole.rfind(b"\n") + 1]
    if kept != whole:
        journal.write_bytes(kept)
    return kept.count(b"\n")


def named(one: Deed) -> str:
    """The key of the transaction that a deed posts."""
    match one.kind:
        case "hold":
            return f"hold:{one.key}"
        case "order":
            return f"hold:ord_{one.key}"
        case "capture" | "release":
            return f"{one.about}:{one.key}"
        case _:
            return one.key


class _Doer:
    """Does deeds; survives the loss of its database for a while."""

    def __init__(self) -> None:
        from simplane.ledger.models import Wallet

        self._wallets = list(Wallet.objects.select_related("organization").order_by("account_id"))
        self._orders: Any = None

    def do(self, one: Deed) -> str:
        """`done`, or the class of the refusal. A lost answer is asked for again: the key says whether it was done."""
        from django.db import InterfaceError, OperationalError, connection
        from psycopg import Error

        until = time.monotonic() + DATABASE_AWAY_SECONDS
        while True:
            try:
                return self._attempt(one)
            except (OperationalError, InterfaceError, Error):
                if time.monotonic() > until:
                    raise
                connection.close()
                self._orders = None
                time.sleep(0.1)

    def _attempt(self, one: Deed) -> str:
        from simplane.core.db import transaction
        from simplane.core.errors import Refusal
        from simplane.ledger.models import Hold, Transaction

        if one.kind == "order":
            return self._order(one)
        try:
            with transaction():
                self._post(one)
        except Refusal as refused:
            return type(refused).__name__
        except (Hold.DoesNotExist, Transaction.DoesNotExist):
            return "NothingThere"
        return "done"

    def _post(self, one: Deed) -> None:
        from simplane.ledger.actions import capture, hold, post, release, reverse
        from simplane.ledger.actions.post import Fact
        from simplane.ledger.chart import Kind
        from simplane.ledger.models import Hold, Transaction
        from simplane.ledger.values import AccountRef, Posting

        wallet = self._wallets[one.wallet]
        currency = wallet.currency
        owner = AccountRef(Kind.WALLET, currency, wallet.organization_id)
        bank, fees = AccountRef(Kind.BANK, currency), AccountRef(Kind.FEES, currency, subject="chaos")
        match one.kind:
            case "top_up":
                post(Fact(kind="top_up", key=one.key), [Posting(bank, owner, one.minor)])
            case "refund":
                refunds = AccountRef(Kind.REFUNDS, currency, subject="wholesale")
                post(Fact(kind="refund", key=one.key), [Posting(refunds, owner, one.minor)])
            case "fee":
                post(Fact(kind="fee", key=one.key), [Posting(fees, bank, one.minor)])
            case "reverse":
                about = Transaction.objects.get(ledger="live", key=one.about)
                reverse(about.pk, key=one.key, reason="chaos")
            case "hold":
                hold(wallet, one.minor, key=one.key)
            case "capture":
                of = Hold.objects.select_related("wallet").get(key=one.about)
                sales = AccountRef(Kind.SALES, of.wallet.currency, subject="wholesale")
                minor = min(one.minor, of.amount_minor)
                capture(one.about, minor, [(sales, minor)], part=one.key)
            case _:
                of = Hold.objects.get(key=one.about)
                release(one.about, min(one.minor, of.amount_minor), part=one.key, reason="chaos")

    def _order(self, one: Deed) -> str:
        import psycopg

        from simplane.core import jobs
        from simplane.ordering.placing import LineWanted, OrderWanted, place_one
        from simplane.organizations.keys import hash_of

        if self._orders is None:
            self._orders = psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1)
        placed = place_one(
            self._orders,
            OrderWanted(
                key_hash=hash_of(secret_of(one.wallet)),
                address="127.0.0.1",
                idempotency_key=one.key,
                request_hash=hashlib.sha256(one.key.encode()).digest(),
                public_id=f"ord_{one.key}",
                lines=(LineWanted(f"CHAOS-{one.minor % 7}", 1 + one.minor % 3),),
            ),
        )
        created = placed.status == 201
        return "done" if created else placed.code if placed.code != "replayed" else "insufficient_funds"


def secret_of(wallet: int) -> str:
    """The API key of a wallet's organization; it opens nothing but the scratch database."""
    return f"sk_live_chaos{wallet:027d}"


def currency_of(wallet: int) -> str:
    """Every currency gets its share of the wallets."""
    return CURRENCIES[wallet % len(CURRENCIES)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
