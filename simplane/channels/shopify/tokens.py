"""Access tokens by client credentials: live 24 hours, kept encrypted at the shop, asked for by one process at a time.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from simplane.channels.models import Shop
from simplane.channels.shopify.answers import retry_after
from simplane.channels.shopify.outcomes import Blocked, Refusal, Retryable
from simplane.channels.shopify.text import BadBody, parse, text
from simplane.channels.shops import ShopRef
from simplane.core import clock, ratelimit
from simplane.core.db import in_thread
from simplane.core.http import Answer, Http, NoAnswer, NotSent

EARLY = timedelta(minutes=5)
"""A token this near its end is replaced."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it ends."""

    text: str
    expires_at: datetime

    def good(self, refused: str) -> bool:
        """Whether it may be used; `refused` is one the shop has just turned down."""
        return self.text != refused and self.expires_at - EARLY > clock.now()


class Tokens:
    """The tokens of one shop, for one event loop."""

    def __init__(self, shop: ShopRef, http: Http) -> None:
        self._shop = shop
        self._http = http
        self._lock = asyncio.Lock()
        self._known: Token | None = None

    async def get(self, *, refused: str = "") -> Token | Refusal:
        """A token that should work: remembered, stored, or asked for now."""
        async with self._lock:
            if self._known is None or not self._known.good(refused):
                found = await self._stored_or_new(refused)
                if not isinstance(found, Token):
                    return found
                self._known = found
            return self._known

    async def _stored_or_new(self, refused: str) -> Token | Refusal:
        stored = await in_thread(_stored, self._shop.pk)
        if stored is not None and stored.good(refused):
            return stored
        wait = await in_thread(ratelimit.take, f"shop-token:{self._shop.pk}", per_second=1, burst=1)
        if wait < 0:
            # Another process is asking: a moment later its token is in the database.
            await asyncio.sleep(min(-wait, 1.0))
            stored = await in_thread(_stored, self._shop.pk)
            if stored is not None and stored.good(refused):
                return stored
        return await self._ask()

    async def _ask(self) -> Token | Refusal:
        credentials = await in_thread(_credentials, self._shop.pk)
        body = {
            "client_id": credentials.get("client_id", ""),
            "client_secret": credentials.get("client_secret", ""),
            "grant_type": "client_credentials",
        }
        try:
            answer = await self._http.call(
                "POST",
                f"{self._shop.api_url.rstrip('/')}/admin/oauth/access_token",
                headers={"content-type": "application/json", "accept": "application/json"},
                body=json.dumps(body).encode(),
            )
        except (NotSent, NoAnswer) as problem:
            return Retryable(f"no token: {problem}")
        found = _read(answer)
        if isinstance(found, Token):
            await in_thread(_store, self._shop.pk, found)
        return found


def _read(answer: Answer) -> Token | Refusal:
    if answer.status == 429:
        return Retryable("no token: too many requests", retry_after(answer.headers))
    if answer.status >= 500:
        return Retryable(f"no token: HTTP {answer.status}")
    try:
        body = parse(answer.body)
    except BadBody as problem:
        return Retryable(f"no token: {problem}")
    if answer.status != 200:
        why = text(body.get("error"), 60) or f"HTTP {answer.status}"
        return Blocked(f"the shop gives no access token: {why}")
    token, seconds = text(body.get("access_token"), 500), body.get("expires_in")
    if not token or not isinstance(seconds, int):
        return Retryable("no token: the answer holds none")
    return Token(token, clock.now() + timedelta(seconds=seconds))


def _stored(shop_id: int) -> Token | None:
    found: dict[str, str] | None = Shop.objects.only("access_token").get(pk=shop_id).access_token
    return Token(found["token"], clock.parse_time(found["expires_at"])) if found else None


def _credentials(shop_id: int) -> dict[str, str]:
    found: dict[str, str] = Shop.objects.only("credentials").get(pk=shop_id).credentials
    return found


def _store(shop_id: int, token: Token) -> None:
    kept = {"token": token.text, "expires_at": token.expires_at.isoformat()}
    Shop.objects.filter(pk=shop_id, state=Shop.State.ACTIVE).update(access_token=kept)
