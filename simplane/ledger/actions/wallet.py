"""Opening wallets and granting credit."""

from __future__ import annotations

from simplane.core import audit
from simplane.core.db import needs_transaction
from simplane.ledger.accounts import account_ids
from simplane.ledger.chart import Kind
from simplane.ledger.errors import BadPosting
from simplane.ledger.models import Ledger, Wallet
from simplane.ledger.values import AccountRef
from simplane.organizations.models import Organization


def ledger_of(organization: Organization) -> Ledger:
    """Play money of a test twin never meets real money."""
    return Ledger.TEST if organization.is_test else Ledger.LIVE


@needs_transaction
def open_wallet(organization: Organization, currency: str) -> Wallet:
    """The organization's wallet in a currency, opened when it has none. Raises BadMoney for an unknown currency."""
    ref = AccountRef(Kind.WALLET, currency, organization.pk)
    ids = account_ids(ledger_of(organization), [ref])
    return Wallet.objects.get(pk=ids[ref])


@needs_transaction
def set_credit_limit(wallet: Wallet, limit_minor: int, *, reason: str) -> None:
    """How far below zero the wallet may go. Lowering it takes nothing back; it only stops new spending."""
    if limit_minor < 0:
        raise BadPosting("a credit limit is not negative")
    locked = Wallet.objects.select_for_update().get(pk=wallet.pk)
    before, locked.credit_limit_minor = locked.credit_limit_minor, limit_minor
    locked.save(update_fields=["credit_limit_minor"])
    audit.note(
        "wallet.credit_limit",
        "organization",
        wallet.organization_id,
        before={"minor": before, "currency": wallet.currency},
        after={"minor": limit_minor, "currency": wallet.currency},
        reason=reason,
        organization_id=wallet.organization_id,
    )
