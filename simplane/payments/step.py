"""One step of one top-up: ask Stripe for the money, or look what became of it. The only place that does either.

A row is committed before the call and keeps what the call says, so a process that dies in between loses nothing: the
same again under the same key, and after a day a look at the customer's payments, tell what happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, Value, When

from simplane.core import clock, jobs, work
from simplane.core.db import transaction
from simplane.core.log import logger
from simplane.payments import accounts
from simplane.payments.booking import account_of
from simplane.payments.customers import customer_of, forget_customer
from simplane.payments.errors import (
    BadTopUp,
    CallBlocked,
    CallFailed,
    CallRefused,
    CallStuck,
)
from simplane.payments.gateway import Gateway
from simplane.payments.models import TopUp
from simplane.payments.seen import TOP_UP, look
from simplane.payments.starting import PAYABLE
from simplane.payments.states import OPEN
from simplane.payments.taking_in import set_state, take_in

log = logger(__name__)
LEASE_SECONDS = 90.0
KEY_LIVES = timedelta(hours=23)
"""An hour less than Stripe keeps an idempotency key."""
DOUBT = timedelta(minutes=10)
"""After an answer that will never be another, and nothing found for so long, nothing was done."""
Json = dict[str, Any]
S = TopUp.State


def step(top_up_id: int) -> bool:
    """Take the next step of a top-up that owes one. Safe to repeat, by any number of processes.

    True: Stripe answered, and our rows say what it said. False also when another process is at it.
    """
    row = work.claim(TopUp, top_up_id, seconds=LEASE_SECONDS, durable=True)
    if row is None:
        return False
    taken = True
    try:
        if row.session_id is None and row.intent_id is None and row.state == S.CREATED:
            _ask(row)
        else:
            taken = _look(row)
    except CallFailed as failed:
        _not_now(row, failed)
        return False
    except BadTopUp as problem:
        _not_now(row, CallFailed(problem.message))
        return False
    accounts.open_again(account_of(row))
    _release(row)
    return taken


def want_look(top_up_id: int, *, intent_id: str | None = None) -> None:
    """Something happened to it: look soon, also when a look is under way.

    `intent_id`: a payment whose metadata names this top-up, which is where to look when we know of none: the answer was
    lost and the row given up. A page that is being opened again under its key is not cut short by it.
    """
    with transaction():
        rows = TopUp.objects.filter(pk=top_up_id)
        if intent_id and not TopUp.objects.filter(intent_id=intent_id).exists():
            opening = Q(method=TopUp.Method.CHECKOUT, state=S.CREATED)
            rows.filter(session_id=None, intent_id=None).exclude(opening).update(intent_id=intent_id)
        rows.update(looks_wanted=F("looks_wanted") + 1)
        rows.filter(lease_until__isnull=True).update(due_at=clock.now())
        rows.filter(lease_until__lte=clock.now()).update(due_at=clock.now())
        jobs.enqueue("payments.step", top_up_id=top_up_id)


def look_now(top_up_id: int) -> None:
    """Look at once; when another process is at it, it looks again. Never beside one: an older picture must not come last.

    Raises CallFailed when this look did not happen: what our rows say may be old.
    """
    want_look(top_up_id)
    if not step(top_up_id):
        raise CallFailed("the payment could not be looked at now")


def _ask(row: TopUp) -> None:
    gateway = Gateway(account_of(row))
    if row.sent_at is not None and clock.now() - row.sent_at > KEY_LIVES:
        _adopt(row, gateway, give_up=True)
        return
    customer = customer_of(account_of(row), row.organization)
    if row.sent_at is None:
        row.sent_at = clock.now()
        with transaction():
            TopUp.objects.filter(pk=row.pk).update(sent_at=row.sent_at)
    params = {**row.request, "customer": customer}
    try:
        if row.method == TopUp.Method.CHECKOUT:
            _opened(row, gateway.create_session(params, row.public_id))
        else:
            _charged(row, gateway.create_intent(params, row.public_id)["id"])
    except CallRefused as refused:
        _refused(row, refused)
    except CallStuck:
        _adopt(row, gateway, give_up=clock.now() - row.sent_at > DOUBT)


def _refused(row: TopUp, refused: CallRefused) -> None:
    """A declined card leaves a payment behind, which may be looked at; any other refusal leaves nothing."""
    if refused.intent_id:
        _charged(row, refused.intent_id)
        return
    if refused.param == "customer":
        forget_customer(account_of(row), row.organization_id)
    _end(row, str(refused))


def _adopt(row: TopUp, gateway: Gateway, *, give_up: bool) -> None:
    """Did an earlier call that never answered do it? Lists are up to date at once, unlike a search."""
    customer = customer_of(account_of(row), row.organization)
    by_page = row.method == TopUp.Method.CHECKOUT
    made = gateway.sessions_of(customer) if by_page else gateway.intents_of(customer)
    found = next((one for one in made if (one.get("metadata") or {}).get(TOP_UP) == row.public_id), None)
    if found is not None and by_page:
        _opened(row, found)
    elif found is not None:
        _charged(row, found["id"])
    elif give_up:
        _end(row, "the payment service did not take it; nothing was charged")
    else:
        raise CallFailed("Stripe had an error; it is not known yet whether it was done")


def _opened(row: TopUp, session: Json) -> None:
    with transaction():
        locked = TopUp.objects.select_for_update().get(pk=row.pk)
        locked.session_id, locked.url = session["id"], session.get("url") or ""
        if locked.state == S.CREATED:
            locked.state, locked.problem = S.AWAITING, ""
        locked.save(update_fields=["session_id", "url", "state", "problem"])


def _charged(row: TopUp, intent_id: str) -> None:
    with transaction():
        TopUp.objects.filter(pk=row.pk, intent_id__isnull=True).update(intent_id=intent_id)
    take_in(row.pk, look(Gateway(account_of(row)), intent_id))


def _look(row: TopUp) -> bool:
    gateway = Gateway(account_of(row))
    session = gateway.session(row.session_id) if row.session_id else {}
    intent_id = row.intent_id or session.get("payment_intent")
    if intent_id:
        return take_in(row.pk, look(gateway, intent_id), page_open=session.get("status") == "open")
    if session.get("status") == "expired":
        _end(row, "", S.EXPIRED)
    return True


def _end(row: TopUp, problem: str, state: TopUp.State = S.FAILED) -> None:
    with transaction():
        locked = TopUp.objects.select_for_update().get(pk=row.pk)
        if locked.state in OPEN:
            set_state(locked, state, problem)
            locked.save(update_fields=["state", "problem"])


def _not_now(row: TopUp, failed: CallFailed) -> None:
    log.warning("top_up.not_now", top_up=row.public_id, why=str(failed), kind=type(failed).__name__)
    if isinstance(failed, CallBlocked):
        accounts.blocked(account_of(row), str(failed))
    _give_back(row, clock.now() + timedelta(seconds=min(900, 5 * 2 ** min(row.attempts, 8))), row.attempts + 1)


def _release(row: TopUp) -> None:
    now = TopUp.objects.get(pk=row.pk)
    looks = 0 if now.state != row.state else row.attempts + 1
    _give_back(row, _next(now, looks), looks)


def _give_back(row: TopUp, due_at: datetime | None, attempts: int) -> None:
    """Due when it is worth a look again; at once when somebody wanted one meanwhile, in one statement with the release."""
    due = Case(When(looks_wanted=row.looks_wanted, then=Value(due_at)), default=Value(clock.now()))
    with transaction():
        mine = TopUp.objects.filter(pk=row.pk, lease_until=row.lease_until)
        mine.update(lease_until=None, due_at=due, attempts=attempts)
        if TopUp.objects.filter(pk=row.pk, looks_wanted__gt=row.looks_wanted).exists():
            jobs.enqueue("payments.step", top_up_id=row.pk)


def _next(row: TopUp, looks: int) -> datetime | None:
    """Events tell what happens; these looks find what no event told."""
    now = clock.now()
    if row.state == S.AWAITING:
        ends = row.created_at + PAYABLE
        soon = now + timedelta(minutes=10 * 3 ** min(looks, 4))
        return min(soon, ends + timedelta(minutes=2)) if ends > now else soon
    if row.state in (S.PROCESSING, S.CREATED):
        return now + timedelta(hours=min(12, 1 + looks))
    if row.credited_at is not None and row.movement_id is None:
        return now + timedelta(minutes=min(720, 2**looks))
    waiting = row.refunds.filter(state="pending").exists() or row.state == S.DISPUTED
    return now + timedelta(hours=12) if waiting else None
