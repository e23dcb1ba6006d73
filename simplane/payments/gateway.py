"""The one place that talks to Stripe: the official library, bounded, never inside a transaction, honest about outcomes.

Amounts go out and come back in Stripe's own smallest units (`units.py`), objects as plain dictionaries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from django.conf import settings

from simplane.core import telemetry
from simplane.core.db import refuse_inside_transaction
from simplane.core.late import Late
from simplane.core.metrics import STRIPE_CALLS
from simplane.payments.errors import (
    CallBlocked,
    CallFailed,
    CallLater,
    CallRefused,
    CallStuck,
    CallUnknown,
    NoPaymentService,
)
from simplane.payments.models import StripeAccount

if TYPE_CHECKING:
    import requests
    import stripe
else:
    requests, stripe = Late("requests"), Late("stripe")

CONNECT_SECONDS, READ_SECONDS = 3.0, 20.0
STRIPE = "https://api.stripe.com"
PAGE = 100
Json = dict[str, Any]
# The library logs whole bodies: names and addresses of payers are nobody's business in a log.
logging.getLogger("stripe").setLevel(logging.WARNING)


@lru_cache(maxsize=16)
def _client(api_url: str, api_key: str) -> stripe.StripeClient:
    session = requests.Session()
    # Neither a proxy nor a .netrc of the machine comes between us and Stripe.
    session.trust_env = False
    transport = stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS), session=session)
    addresses: Any = {"api": api_url} if api_url else None
    # A repeat is ours to decide: it must survive a crash, so it uses the key that stands in our row.
    return stripe.StripeClient(api_key, base_addresses=addresses, max_network_retries=0, http_client=transport)


class Gateway:
    """Calls of one account. Every method raises CallFailed in one of its kinds."""

    def __init__(self, account: StripeAccount) -> None:
        if account.is_stand_in and not settings.SIMPLANE.allow_stand_ins:
            raise NoPaymentService("a stand-in takes no money here", fix="load the real account")
        self._client = _client(account.api_url, str(account.credentials.get("api_key") or ""))
        self._host = urlsplit(account.api_url or STRIPE).hostname or ""

    def create_customer(self, params: Json, key: str) -> Json:
        """A customer."""
        return self._post(self._client.v1.customers.create, params, key)

    def create_session(self, params: Json, key: str) -> Json:
        """A page of Stripe's where a person pays, or saves a card."""
        return self._post(self._client.v1.checkout.sessions.create, params, key)

    def create_intent(self, params: Json, key: str) -> Json:
        """A payment, confirmed at once when the parameters say so."""
        return self._post(self._client.v1.payment_intents.create, params, key)

    def create_refund(self, params: Json, key: str) -> Json:
        """Money back to the payer."""
        return self._post(self._client.v1.refunds.create, params, key)

    def expire_session(self, session_id: str) -> Json:
        """Nobody can pay there any more."""
        return self._ask("POST", lambda: self._client.v1.checkout.sessions.expire(session_id))

    def detach_card(self, method_id: str) -> Json:
        """The card can not be charged any more."""
        return self._ask("POST", lambda: self._client.v1.payment_methods.detach(method_id))

    def session(self, session_id: str) -> Json:
        """A session, with the setup intent and its card where it has one."""
        return self._ask("GET", lambda: self._client.v1.checkout.sessions.retrieve(session_id))

    def setup_intent(self, intent_id: str) -> Json:
        """A setup intent and its payment method."""
        params: Any = {"expand": ["payment_method"]}
        return self._ask("GET", lambda: self._client.v1.setup_intents.retrieve(intent_id, params))

    def intent(self, intent_id: str) -> Json:
        """A payment with its charge and what that brought."""
        params: Any = {"expand": ["latest_charge.balance_transaction", "payment_method"]}
        return self._ask("GET", lambda: self._client.v1.payment_intents.retrieve(intent_id, params))

    def charge(self, charge_id: str) -> Json:
        """A charge."""
        return self._ask("GET", lambda: self._client.v1.charges.retrieve(charge_id))

    def payout(self, payout_id: str) -> Json:
        """A payout."""
        return self._ask("GET", lambda: self._client.v1.payouts.retrieve(payout_id))

    def balance(self) -> Json:
        """What lies at Stripe."""
        return self._ask("GET", self._client.v1.balance.retrieve)

    def intents_of(self, customer_id: str) -> Iterator[Json]:
        """The payments of a customer, newest first, asked for as far as they are read."""
        return self._all(self._client.v1.payment_intents.list, {"customer": customer_id})

    def sessions_of(self, customer_id: str) -> Iterator[Json]:
        """The sessions of a customer, newest first, asked for as far as they are read."""
        return self._all(self._client.v1.checkout.sessions.list, {"customer": customer_id})

    def refunds_of(self, intent_id: str) -> list[Json]:
        """Every refund of a payment, with the movements it caused."""
        wanted = ["data.balance_transaction", "data.failure_balance_transaction"]
        return list(self._all(self._client.v1.refunds.list, {"payment_intent": intent_id, "expand": wanted}))

    def disputes_of(self, intent_id: str) -> list[Json]:
        """Every dispute of a payment; the movements are in it."""
        return list(self._all(self._client.v1.disputes.list, {"payment_intent": intent_id}))

    def movements_of(self, payout_id: str) -> list[Json]:
        """Every balance transaction that a payout sums up, the payout's own included, with what caused it."""
        wanted = {"payout": payout_id, "expand": ["data.source"]}
        return list(self._all(self._client.v1.balance_transactions.list, wanted))

    def missed_events(self, types: list[str], since: int) -> list[Json]:
        """Events that reached nobody, oldest first. `since` in epoch seconds; Stripe keeps 30 days."""
        params = {"types": types, "delivery_success": False, "created": {"gte": since}}
        return list(self._all(self._client.v1.events.list, params))[::-1]

    def payouts_since(self, since: int) -> list[Json]:
        """Payouts made since a moment (epoch seconds)."""
        return list(self._all(self._client.v1.payouts.list, {"created": {"gte": since}}))

    def _post(self, call: Callable[..., Any], params: Json, key: str) -> Json:
        return self._ask("POST", lambda: call(cast(Any, params), {"idempotency_key": key}))

    def _all(self, call: Callable[..., Any], params: Json) -> Iterator[Json]:
        after: Json = {}
        while True:
            asked = {**params, **after, "limit": PAGE}
            found = self._ask("GET", lambda asked=asked: call(cast(Any, asked)))  # type: ignore[misc]
            yield from found["data"]
            if not found["has_more"]:
                return
            after = {"starting_after": found["data"][-1]["id"]}

    def _ask(self, method: str, call: Callable[[], Any]) -> Json:
        refuse_inside_transaction("a call to Stripe")
        outcome = "failed"
        try:
            with telemetry.call(method, self._host), _told_apart():
                answer = cast(Json, call().to_dict())
            outcome = "ok"
            return answer
        except CallFailed as failed:
            outcome = type(failed).__name__.removeprefix("Call").lower()
            raise
        finally:
            STRIPE_CALLS.labels(outcome).inc()


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except stripe.APIConnectionError as error:
        raise CallUnknown(f"no answer from Stripe: {type(error.__cause__ or error).__name__}") from error
    except stripe.StripeError as error:
        raise _kind(error) from error


def _kind(error: stripe.StripeError) -> CallFailed:
    status, code = error.http_status or 0, str(error.code or "")
    text = str(error.user_message or error)
    if status in (401, 403):
        return CallBlocked(text, code=code)
    if status in (409, 429):
        return CallLater(text, code=code)
    if status >= 500:
        replayed = {name.lower() for name in (error.headers or {})} & {"idempotent-replayed"}
        return (CallStuck if replayed else CallUnknown)(text, code=code)
    if isinstance(error, stripe.IdempotencyError):
        return CallStuck(text, code="idempotency_error")
    if status == 0:
        return CallUnknown(text, code=code)
    param = str(getattr(error, "param", None) or "")
    return CallRefused(text, code=_said(error, "decline_code") or code, param=param, intent_id=_intent(error))


def _intent(error: stripe.StripeError) -> str:
    return str((_body(error).get("payment_intent") or {}).get("id") or "")


def _said(error: stripe.StripeError, name: str) -> str:
    return str(_body(error).get(name) or "")


def _body(error: stripe.StripeError) -> Json:
    whole = error.json_body
    return cast(Json, whole.get("error") or {}) if isinstance(whole, dict) else {}
