"""Play money: what a test twin orders with."""

from __future__ import annotations

import hashlib

from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.ledger.actions.post import Fact, post
from simplane.ledger.actions.wallet import open_wallet
from simplane.ledger.chart import Kind
from simplane.ledger.models import Ledger
from simplane.ledger.values import AccountRef, Posting
from simplane.organizations.models import Organization


@needs_transaction
def pay_in_play_money(twin: Organization, money: Money, key: str) -> None:
    """Put play money into a test wallet, opened where there is none. Once a key of the twin. Raises KeyReused."""
    open_wallet(twin, money.currency)
    named = hashlib.sha256(key.encode()).hexdigest()[:40]
    fact = Fact(kind="play_money", key=f"play-money:{twin.pk}:{named}", ledger=Ledger.TEST, reason=str(money))
    wallet = AccountRef(Kind.WALLET, money.currency, twin.pk)
    post(fact, [Posting(AccountRef(Kind.BANK, money.currency), wallet, money.minor)])
