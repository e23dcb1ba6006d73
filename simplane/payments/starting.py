"""The first rows of a top-up: all that is decided before Stripe is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.core import audit, clock, context, jobs
from simplane.core.db import needs_transaction
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.ledger import queries as ledger
from simplane.organizations.models import Organization
from simplane.payments.accounts import account_of
from simplane.payments.errors import BadTopUp, TopUpKeyReused
from simplane.payments.models import AutoTopUp, SavedCard, StripeAccount, TopUp
from simplane.payments.units import to_stripe

MOST_AT_STRIPE = 99_999_999
"""Stripe takes amounts of eight digits at most."""
PAYABLE = timedelta(hours=23)
"""How long a page takes a payment: an hour less than Stripe allows."""


def check(organization: Organization, money: Money) -> StripeAccount:
    """The account that takes this. Raises BadTopUp, NoPaymentService."""
    check_wallet(organization, money)
    account = account_of(organization)
    if to_stripe(money) > MOST_AT_STRIPE:
        raise BadTopUp(f"{money} is too much for one payment", fix="split it, or pay by bank transfer")
    return account


def check_wallet(organization: Organization, money: Money) -> None:
    """Raises BadTopUp for an amount that no wallet of the organization takes."""
    if money.minor <= 0:
        raise BadTopUp("a top-up is more than nothing", fix="send a positive amount in minor units")
    currencies = [one.currency for one in ledger.wallets(organization.pk)]
    if money.currency not in currencies:
        fix = f"pay in {' or '.join(currencies)}" if currencies else "ask us to open one"
        raise BadTopUp(f"there is no wallet in {money.currency}", fix=fix)


@needs_transaction
def known(
    organization: Organization, request_key: str | None, money: Money, card: SavedCard | None = None
) -> TopUp | None:
    """The top-up this key was used for, from this card or (None) on Stripe's page. Raises TopUpKeyReused for another."""
    if request_key is None:
        return None
    found = TopUp.objects.filter(organization=organization, request_key=request_key).first()
    if found is None:
        return None
    wanted = (money.minor, money.currency, TopUp.Method.CHECKOUT if card is None else TopUp.Method.CARD)
    # What was paid on a page may have saved a card since.
    another = card is not None and found.card_id != card.pk
    if another or (found.amount_minor, found.currency, found.method) != wanted:
        raise TopUpKeyReused("this key was used for another top-up", fix="use a new key")
    return found


@needs_transaction
def by_page(
    organization: Organization,
    account: StripeAccount,
    money: Money,
    *,
    success_url: str,
    cancel_url: str,
    save_card: bool,
    request_key: str | None,
) -> TopUp:
    """A top-up that its payer pays on Stripe's page within 23 hours."""
    row = _row(organization, account, money, TopUp.Method.CHECKOUT, request_key=request_key)
    about = {"metadata": {"simplane_top_up": row.public_id}, "description": f"Wallet top-up {row.public_id}"}
    price = {
        "currency": money.currency.lower(),
        "unit_amount": to_stripe(money),
        "product_data": {"name": f"Wallet top-up {organization.name}"},
    }
    row.request = {
        "mode": "payment",
        "client_reference_id": row.public_id,
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(clock.real_time_of(clock.now() + PAYABLE).timestamp()),
        "metadata": about["metadata"],
        "payment_intent_data": {**about, **({"setup_future_usage": "off_session"} if save_card else {})},
    }
    return _begun(row)


@needs_transaction
def by_card(
    organization: Organization, account: StripeAccount, money: Money, card: SavedCard, *, request_key: str | None
) -> TopUp:
    """A top-up from a saved card."""
    row = _row(organization, account, money, TopUp.Method.CARD, card=card, request_key=request_key)
    row.request = _charge(row, money, card)
    return _begun(row)


@needs_transaction
def automatic(rule: AutoTopUp) -> TopUp:
    """A top-up that a rule wants; a job asks Stripe. Raises BadTopUp, NoPaymentService."""
    money = Money(rule.amount_minor, rule.currency)
    row = _row(rule.organization, account_of(rule.organization), money, TopUp.Method.AUTO, card=rule.card)
    row.request = _charge(row, money, rule.card)
    made = _begun(row)
    jobs.enqueue("payments.step", top_up_id=made.pk)
    return made


def _charge(row: TopUp, money: Money, card: SavedCard) -> dict[str, Any]:
    return {
        "amount": to_stripe(money),
        "currency": money.currency.lower(),
        "payment_method": card.stripe_id,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "confirm": True,
        "off_session": True,
        "metadata": {"simplane_top_up": row.public_id},
        "description": f"Wallet top-up {row.public_id}",
    }


def _row(organization: Organization, account: StripeAccount, money: Money, method: str, **more: Any) -> TopUp:
    now = clock.now()
    return TopUp(
        organization=organization,
        account=account,
        public_id=new_id("top"),
        method=method,
        amount_minor=money.minor,
        currency=money.currency,
        created_at=now,
        created_by=context.actor()[:120],
        due_at=now,
        **more,
    )


def _begun(row: TopUp) -> TopUp:
    row.save()
    after = {"minor": row.amount_minor, "currency": row.currency, "method": row.method}
    audit.note("top_up.started", "top_up", row.public_id, after=after)
    return row
