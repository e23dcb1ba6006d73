"""Verbs of payments, for the pages, the API and the command line. Remote calls are made after the rows are committed."""

from __future__ import annotations

from urllib.parse import urlsplit

from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.money import Money
from simplane.organizations.keys import NotApproved
from simplane.organizations.models import Organization
from simplane.payments import setups, starting
from simplane.payments.bank import decide_bank_top_up, propose_bank_top_up
from simplane.payments.cards import card_of, remove_card
from simplane.payments.errors import BadTopUp
from simplane.payments.models import AutoTopUp, CardSetup, TopUp, WalletAlarm
from simplane.payments.refund_proposals import decide_refund, propose_refund
from simplane.payments.refunds import refund_top_up
from simplane.payments.retries import try_again
from simplane.payments.setups import step as setup_step
from simplane.payments.step import step

__all__ = [
    "charge_card",
    "decide_bank_top_up",
    "decide_refund",
    "propose_bank_top_up",
    "propose_refund",
    "refund_top_up",
    "remove_card",
    "set_alarm",
    "set_auto_top_up",
    "start_checkout",
    "start_saving_card",
    "stop_auto_top_up",
    "try_again",
]
LONGEST_URL = 1000


def start_checkout(
    organization: Organization,
    money: Money,
    *,
    success_url: str,
    cancel_url: str,
    save_card: bool = False,
    request_key: str | None = None,
) -> TopUp:
    """A top-up to be paid on Stripe's page: `url` of the answer, empty (state `created`) while Stripe does not answer.

    The same `request_key` answers the same top-up. Raises BadTopUp, BadInput, NoPaymentService, NotApproved, TopUpKeyReused.
    """
    _approved(organization)
    account = starting.check(organization, money)
    for one in (success_url, cancel_url):
        check_url(one)
    with transaction():
        row = starting.known(organization, request_key, money) or starting.by_page(
            organization,
            account,
            money,
            success_url=success_url,
            cancel_url=cancel_url,
            save_card=save_card,
            request_key=request_key,
        )
    return _stepped(row)


def charge_card(organization: Organization, money: Money, card: str, *, request_key: str | None = None) -> TopUp:
    """A top-up from a saved card (its public id), charged at once: succeeded, processing, failed with `problem`, or
    `created` while Stripe does not answer. Raises NotFound, BadTopUp, NoPaymentService, NotApproved, TopUpKeyReused.
    """
    _approved(organization)
    account = starting.check(organization, money)
    found = card_of(organization.pk, card)
    with transaction():
        row = starting.known(organization, request_key, money, found) or starting.by_card(
            organization, account, money, found, request_key=request_key
        )
    return _stepped(row)


def _stepped(row: TopUp) -> TopUp:
    if row.state == TopUp.State.CREATED:
        step(row.pk)
        row.refresh_from_db()
    return row


def start_saving_card(organization: Organization, *, success_url: str, cancel_url: str) -> CardSetup:
    """A visit to Stripe's page that saves a card: `url` of the answer. Raises NoPaymentService, BadInput,
    NotApproved.
    """
    _approved(organization)
    for one in (success_url, cancel_url):
        check_url(one)
    row = setups.begin(organization, success_url=success_url, cancel_url=cancel_url)
    setup_step(row.pk)
    row.refresh_from_db()
    return row


def set_auto_top_up(
    organization: Organization, currency: str, *, card: str, threshold_minor: int, amount_minor: int, cap_minor: int
) -> AutoTopUp:
    """Charge this card whenever the wallet falls below the threshold. Setting it again arms it again.

    Raises NotFound, BadTopUp, NoPaymentService, NotApproved.
    """
    _approved(organization)
    starting.check(organization, Money(amount_minor, currency))
    if threshold_minor < 0 or cap_minor < amount_minor:
        raise BadTopUp("threshold or cap make no sense", fix="a threshold of 0 or more, a cap of one top-up or more")
    fields = {
        "card": card_of(organization.pk, card),
        "threshold_minor": threshold_minor,
        "amount_minor": amount_minor,
        "monthly_cap_minor": cap_minor,
        "enabled": True,
        "armed": True,
        "problem": "",
        "declined": 0,
        "retry_at": None,
        "updated_at": clock.now(),
    }
    with transaction():
        row, _ = AutoTopUp.objects.update_or_create(organization=organization, currency=currency, defaults=fields)
        after = {"below": threshold_minor, "amount": amount_minor, "cap": cap_minor, "card": card}
        audit.note("auto_top_up.set", "organization", organization.slug, after=after)
    return row


def stop_auto_top_up(organization: Organization, currency: str) -> None:
    """No more automatic top-ups. Stopping twice changes nothing."""
    with transaction():
        rows = AutoTopUp.objects.filter(organization=organization, currency=currency, enabled=True)
        if rows.update(enabled=False, retry_at=None, updated_at=clock.now()):
            audit.note("auto_top_up.stopped", "organization", organization.slug, after={"currency": currency})


def set_alarm(organization: Organization, currency: str, below_minor: int | None) -> None:
    """Tell when the wallet falls below this; None: never. Raises BadTopUp."""
    if below_minor is not None:
        if below_minor < 0:
            raise BadTopUp("an alarm is at 0 or above", fix="send a positive amount in minor units")
        starting.check_wallet(organization, Money(max(1, below_minor), currency))
    with transaction():
        if below_minor is None:
            WalletAlarm.objects.filter(organization=organization, currency=currency).delete()
        else:
            fields = {"below_minor": below_minor, "low": False}
            WalletAlarm.objects.update_or_create(organization=organization, currency=currency, defaults=fields)
        audit.note("wallet.alarm", "organization", organization.slug, after={"below": below_minor})


def _approved(organization: Organization) -> None:
    """Whom we do not know yet pays nothing in: it would have to be given back if we refuse. Raises NotApproved."""
    if organization.state == Organization.State.APPLIED and not organization.is_test:
        raise NotApproved("the account is not approved yet", fix="wait for our mail; test mode works now")


def check_url(url: str) -> None:
    """Where the payer comes back to. Raises BadInput for anything but an http(s) address."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= LONGEST_URL
    except ValueError:
        good = False
    if not good or any(sign.isspace() for sign in url):
        raise BadInput("that is no address to come back to", fix="send an https:// address")
