"""Saving a card on Stripe's page, without a payment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simplane.core import audit, clock, jobs, work
from simplane.core.db import transaction
from simplane.core.ids import new_id
from simplane.core.log import logger
from simplane.organizations.models import Organization
from simplane.payments import accounts, cards
from simplane.payments.customers import customer_of
from simplane.payments.errors import CallBlocked, CallFailed, CallRefused
from simplane.payments.gateway import Gateway
from simplane.payments.models import CardSetup
from simplane.payments.seen import SETUP, card

log = logger(__name__)
LEASE_SECONDS = 90.0
OPEN_FOR = timedelta(hours=2)
S = CardSetup.State


def begin(organization: Organization, *, success_url: str, cancel_url: str) -> CardSetup:
    """The row of a visit to Stripe's page. Raises NoPaymentService."""
    account = accounts.account_of(organization)
    public_id = new_id("set")
    request = {
        "mode": "setup",
        "allowed_payment_method_types": ["card"],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(clock.real_time_of(clock.now() + OPEN_FOR).timestamp()),
        "metadata": {SETUP: public_id},
        "setup_intent_data": {"metadata": {SETUP: public_id}},
    }
    with transaction():
        row = CardSetup.objects.create(
            organization=organization,
            account=account,
            public_id=public_id,
            request=request,
            created_at=clock.now(),
            due_at=clock.now(),
        )
        audit.note("card.setup_started", "organization", organization.slug, after={"setup": public_id})
    return row


def step(setup_id: int) -> None:
    """Open the page, or look whether a card was saved there. Safe to repeat."""
    row = work.claim(CardSetup, setup_id, seconds=LEASE_SECONDS, durable=True)
    if row is None:
        return
    try:
        if row.session_id is None:
            _open(row)
        else:
            _look(row)
    except CallRefused as refused:
        _change(row, state=S.FAILED, problem=str(refused))
    except CallFailed as failed:
        if isinstance(failed, CallBlocked):
            accounts.blocked(row.account, str(failed))
        log.warning("card_setup.not_now", setup=row.public_id, why=str(failed))
    left = CardSetup.objects.values_list("state", flat=True).get(pk=row.pk) in (S.CREATED, S.OPEN)
    over = clock.now() - row.created_at > timedelta(hours=26)
    if left and over:
        _change(row, state=S.EXPIRED)
    work.release(row, due_at=clock.now() + timedelta(minutes=10) if left and not over else None)


def want_look(setup_id: int) -> None:
    """Something happened on its page: look soon."""
    with transaction():
        CardSetup.objects.filter(pk=setup_id, due_at__isnull=False, lease_until__isnull=True).update(due_at=clock.now())
        jobs.enqueue("payments.step_setup", setup_id=setup_id)


def _open(row: CardSetup) -> None:
    params = {**row.request, "customer": customer_of(row.account, row.organization)}
    made = Gateway(row.account).create_session(params, row.public_id)
    _change(row, session_id=made["id"], url=made.get("url") or "", state=S.OPEN)


def _look(row: CardSetup) -> None:
    gateway = Gateway(row.account)
    assert row.session_id is not None
    session = gateway.session(row.session_id)
    if session["status"] == "expired":
        _change(row, state=S.EXPIRED)
    if session["status"] != "complete" or not session.get("setup_intent"):
        return
    seen = card(gateway.setup_intent(session["setup_intent"]).get("payment_method"))
    if seen is None:
        _change(row, state=S.FAILED, problem="what was saved is no card")
        return
    with transaction():
        saved = cards.remember(row.account_id, row.organization_id, seen)
        CardSetup.objects.filter(pk=row.pk).update(state=S.DONE, card=saved)


def _change(row: CardSetup, **fields: Any) -> None:
    with transaction():
        CardSetup.objects.filter(pk=row.pk).update(**fields)
