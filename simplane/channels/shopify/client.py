"""Calls to the Admin API of one shop: token, pacing, bulkhead, breaker, and the outcome of each call as a value."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from prometheus_client import Counter, Histogram

from simplane.channels import shops
from simplane.channels.shopify.answers import doubt, judge
from simplane.channels.shopify.bucket import Bucket
from simplane.channels.shopify.operations import API_VERSION, PROBE, Operation
from simplane.channels.shopify.outcomes import Blocked, Outcome, Retryable, Unknown
from simplane.channels.shopify.tokens import Token, Tokens
from simplane.channels.shops import ShopRef
from simplane.core import deadletters
from simplane.core.db import in_thread, transaction
from simplane.core.http import Answer, Http, NoAnswer, NotSent
from simplane.core.log import logger
from simplane.suppliers.breakers import Breaker

log = logger(__name__)
CALLS = Counter("simplane_shop_calls_total", "Calls to shops by outcome", ["shop", "operation", "outcome"])
SECONDS = Histogram("simplane_shop_call_seconds", "From sending to the whole answer", ["shop", "operation"])
IN_FLIGHT = 24
"""Calls at once to one shop from this process: a shop that hangs must not hold up what the others need."""
MOST_WAIT_SECONDS = 2.0
"""A longer wait for query points is left to the caller's own schedule."""
DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[int, str], Client]] = WeakKeyDictionary()


async def call(shop: ShopRef, operation: Operation, variables: Mapping[str, Any]) -> Outcome:
    """Send one operation. A shop that refuses us is paused and a missing scope put before a person."""
    outcome: Outcome
    if not shop.callable:
        outcome = Blocked(f"the shop is {shop.state}: not called")
    else:
        outcome = await _client(shop).send(operation, variables)
        if isinstance(outcome, Blocked):
            await in_thread(_put_before_a_person, shop, outcome)
    CALLS.labels(shop.key, operation.name, outcome.name).inc()
    return outcome


async def probe(shop: ShopRef) -> Outcome:
    """Ask a harmless question, paused or not; nothing follows from the answer but the answer."""
    return await _client(shop).send(PROBE, {})


def _put_before_a_person(shop: ShopRef, outcome: Blocked) -> None:
    if outcome.kind == "access":
        shops.pause_shop(shop.pk, outcome.reason)
        return
    with transaction():
        deadletters.open_letter(
            "shop", shop.key, cause="shop_scope_missing", summary=f"{shop.key}: {outcome.reason}"[:500]
        )


def _client(shop: ShopRef) -> Client:
    clients = _open.setdefault(asyncio.get_running_loop(), {})
    key = (shop.pk, shop.api_url)
    if key not in clients:
        clients[key] = Client(shop)
    return clients[key]


class Client:
    """All calls to one shop from one event loop."""

    def __init__(self, shop: ShopRef) -> None:
        self._shop = shop
        self._http = Http(connect_seconds=3.0, read_seconds=15.0, connections=IN_FLIGHT)
        self._tokens = Tokens(shop, self._http)
        self._bucket = Bucket()
        self._breaker = Breaker(5, 15.0)
        self._flying = 0
        self._warned = False

    async def send(self, operation: Operation, variables: Mapping[str, Any]) -> Outcome:
        """The outcome of one call; with one new token when the shop turns ours down."""
        if problem := address_problem(self._shop):
            return Blocked(problem)
        if wait := self._breaker.refuses():
            return Retryable("the shop did not answer several times in a row", wait)
        if self._flying >= IN_FLIGHT:
            return Retryable("too many calls under way to this shop", 1.0)
        self._flying += 1
        try:
            if (wait := await self._wait(operation)) > 0:
                return Retryable("the shop's query points are used up", wait)
            self._breaker.begin()
            return await self._with_token(operation, variables)
        finally:
            self._flying -= 1

    async def _wait(self, operation: Operation) -> float:
        wait = self._bucket.wait(operation.name)
        if 0 < wait <= MOST_WAIT_SECONDS:
            await asyncio.sleep(wait)
            wait = self._bucket.wait(operation.name)
        return wait

    async def _with_token(self, operation: Operation, variables: Mapping[str, Any]) -> Outcome:
        token = await self._tokens.get()
        if not isinstance(token, Token):
            return token
        outcome = await self._send(operation, variables, token)
        if not isinstance(outcome, _Unauthorized):
            return outcome
        token = await self._tokens.get(refused=token.text)
        if not isinstance(token, Token):
            return token
        outcome = await self._send(operation, variables, token)
        return Blocked("the shop refuses a new access token") if isinstance(outcome, _Unauthorized) else outcome

    async def _send(self, operation: Operation, variables: Mapping[str, Any], token: Token) -> Outcome | _Unauthorized:
        reserved, started = self._bucket.begin(operation.name), time.perf_counter()
        try:
            answer = await self._http.call(
                "POST",
                f"{self._shop.api_url.rstrip('/')}/admin/api/{API_VERSION}/graphql.json",
                headers={"content-type": "application/json", "x-shopify-access-token": token.text},
                body=_body(operation, variables),
                changes=operation.changes,
            )
        except NotSent as problem:
            self._breaker.failed()
            return Retryable(f"not sent: {problem}")
        except NoAnswer as problem:
            self._breaker.failed()
            return doubt(operation, f"no answer: {problem}")
        finally:
            self._bucket.end(reserved)
            SECONDS.labels(self._shop.key, operation.name).observe(time.perf_counter() - started)
        return self._judge(operation, answer)

    def _judge(self, operation: Operation, answer: Answer) -> Outcome | _Unauthorized:
        if answer.status == 401:
            return _Unauthorized()
        self._compare_version(answer)
        outcome, cost = judge(operation, answer)
        self._bucket.learn(operation.name, cost)
        if answer.status >= 500 or isinstance(outcome, Unknown):
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return outcome

    def _compare_version(self, answer: Answer) -> None:
        answered = answer.headers.get("x-shopify-api-version", API_VERSION)
        if answered != API_VERSION and not self._warned:
            self._warned = True
            log.warning("shopify.version_fell_away", shop=self._shop.key, ours=API_VERSION, answered=answered)


class _Unauthorized:
    """401: the token is not (or no longer) good."""


def _body(operation: Operation, variables: Mapping[str, Any]) -> bytes:
    whole = {"query": operation.text, "operationName": operation.name, "variables": variables}
    return json.dumps(whole, ensure_ascii=False).encode()


def address_problem(shop: ShopRef) -> str:
    """Why this shop must not be called at its address; empty: it may. A real shop only ever at its own domain."""
    if not DOMAIN.fullmatch(shop.domain):
        return f"{shop.domain!r} is no myshopify.com domain"
    if shop.is_stand_in:
        return "" if settings.SIMPLANE.allow_stand_ins else "stand-in shops are not allowed here"
    return (
        "" if shop.api_url.rstrip("/") == f"https://{shop.domain}" else f"the API address is not https://{shop.domain}"
    )
