"""Which Stripe account takes an organization's money, and keeping the accounts."""

from __future__ import annotations

from simplane.core import deadletters
from simplane.core.db import transaction
from simplane.core.log import logger
from simplane.ledger.models import Ledger
from simplane.organizations.models import Organization
from simplane.payments.errors import NoPaymentService
from simplane.payments.models import StripeAccount

log = logger(__name__)


def account_of(organization: Organization) -> StripeAccount:
    """The active account of its mode: a test twin never meets the live one. Raises NoPaymentService."""
    found = StripeAccount.objects.filter(is_test=organization.is_test, active=True).first()
    if found is None:
        raise NoPaymentService(fix="pay by bank transfer, or ask us")
    return found


def ledger_of(account: StripeAccount) -> Ledger:
    """The books an account's money stands in."""
    return Ledger.TEST if account.is_test else Ledger.LIVE


def blocked(account: StripeAccount, problem: str) -> None:
    """Stripe does not accept our key: somebody must look. Safe to repeat."""
    log.error("stripe.blocked", account=account.key, problem=problem)
    with transaction():
        deadletters.open_letter(
            "stripe", account.key, cause="stripe_blocked", summary=f"{account.name} refuses our key: {problem}"[:500]
        )


def open_again(account: StripeAccount) -> None:
    """Our key works: close what says otherwise."""
    with transaction():
        deadletters.close_letter("stripe", account.key, resolution="the key works")
