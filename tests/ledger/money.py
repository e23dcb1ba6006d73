"""Short words for tests of the ledger."""

from __future__ import annotations

import uuid

from simplane.core.db import transaction
from simplane.ledger.actions import open_wallet, post
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.models import Wallet
from simplane.ledger.values import AccountRef, Posting
from simplane.organizations.models import Organization
from tests import factories

BANK = AccountRef(Kind.BANK, "EUR")
SALES = AccountRef(Kind.SALES, "EUR", subject="wholesale")


def reseller(**given: object) -> Organization:
    return factories.organization(kind="reseller", **given)


def wallet_ref(owner: Organization, currency: str = "EUR") -> AccountRef:
    return AccountRef(Kind.WALLET, currency, owner.pk)


def held_ref(owner: Organization, currency: str = "EUR") -> AccountRef:
    return AccountRef(Kind.HELD, currency, owner.pk)


def funded(minor: int, *, currency: str = "EUR", owner: Organization | None = None) -> Wallet:
    """A wallet with so much in it, paid in by bank."""
    owner = owner or reseller()
    with transaction():
        wallet = open_wallet(owner, currency)
        if minor:
            fact = Fact(kind="top_up", key=f"top-up:{uuid.uuid4().hex}")
            post(fact, [Posting(AccountRef(Kind.BANK, currency), wallet_ref(owner, currency), minor)])
    return fresh(wallet)


def fresh(wallet: Wallet) -> Wallet:
    return Wallet.objects.select_related("organization").get(pk=wallet.pk)
