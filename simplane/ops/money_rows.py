"""Resellers, wallets, keys and prices for `simplane chaos --money`."""

from __future__ import annotations

from datetime import timedelta

from simplane.core import clock
from simplane.core.db import transaction
from simplane.ops.money_actor import currency_of, secret_of
from simplane.ops.money_plan import CURRENCIES

SKUS = 7
RATE_PER_MINUTE = 10_000_000
"""More than a key is ever given: its limit is not what is tried here."""


def make_rows(wallets: int) -> None:
    """The shelf, then `wallets` resellers with a wallet each; every second one may owe something."""
    from simplane.catalog.models import Price, Product

    before = clock.now() - timedelta(days=1)
    for number in range(SKUS):
        product = Product.objects.create(
            sku=f"CHAOS-{number}", name=f"Plan {number}", countries=["DE"], days=30, created_at=before
        )
        for currency in CURRENCIES:
            Price.objects.create(product=product, currency=currency, amount_minor=100 + 37 * number, valid_from=before)
    for number in range(wallets):
        make_reseller(f"chaos-{number}", secret_of(number), currency_of(number), credit=20_000 * (number % 2))


def make_reseller(slug: str, secret: str, currency: str, *, credit: int = 0, funds: int = 0) -> int:
    """One reseller whose key is known; returns its id."""
    from simplane.catalog.models import Terms
    from simplane.ledger.actions import open_wallet, post, set_credit_limit
    from simplane.ledger.actions.post import Fact
    from simplane.ledger.chart import Kind
    from simplane.ledger.values import AccountRef, Posting
    from simplane.organizations.keys import create_key, hash_of
    from simplane.organizations.models import Organization

    owner = Organization.objects.create(kind=Organization.Kind.RESELLER, slug=slug, name=slug, created_at=clock.now())
    Terms.objects.create(organization=owner, currency=currency, max_order_minor=10**12)
    key = create_key(owner, "chaos").key
    key.hash, key.rate_per_minute = hash_of(secret), RATE_PER_MINUTE
    key.save(update_fields=["hash", "rate_per_minute"])
    with transaction():
        wallet = open_wallet(owner, currency)
        if credit:
            set_credit_limit(wallet, credit, reason="chaos")
        if funds:
            to = AccountRef(Kind.WALLET, currency, owner.pk)
            post(Fact(kind="top_up", key=f"funds:{slug}"), [Posting(AccountRef(Kind.BANK, currency), to, funds)])
    return owner.pk
