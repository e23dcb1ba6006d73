"""Subscriptions, and turning one event into deliveries."""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import new_uuid, stable_number
from sandbox.shopify.payload import raw
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.signature import SIGNATURES
from sandbox.shopify.stamps import nanoseconds
from sandbox.shopify.store import Shop, Store
from sandbox.shopify.topics import API_TOPICS, COMPLIANCE_TOPICS

SCHEMA = """
create table if not exists shopify_subscription (
    id integer primary key, shop text not null, topic text not null, uri text not null, name text,
    include_fields text not null, created_ms integer not null);
create table if not exists shopify_removed (
    id integer primary key, shop text not null, topic text not null, uri text not null, at_ms integer not null);
create table if not exists shopify_delivery (
    id integer primary key, shop text not null, subscription_id integer, order_id integer, topic text not null,
    webhook_id text not null, event_id text not null, triggered_at text not null, uri text not null, name text,
    body blob not null, signature text not null, due_ms integer not null, first_ms integer,
    attempts integer not null default 0, state text not null default 'due', last_status integer, last_error text);
create index if not exists shopify_delivery_due on shopify_delivery (state, due_ms, id);
"""
INSERT_DELIVERY = (
    "insert into shopify_delivery (shop, subscription_id, order_id, topic, webhook_id, event_id, triggered_at, uri, "
    "name, body, signature, due_ms) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
URI_PREFIXES = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Event:
    """One action of the merchant: every delivery it causes carries the same id."""

    send: bool = True
    signature: str = "right"
    id: str = field(default_factory=new_uuid)

    def __post_init__(self) -> None:
        if self.signature not in SIGNATURES:
            raise ValueError(f"signature must be one of {', '.join(SIGNATURES)}")


class Subscription(msgspec.Struct, frozen=True):
    """Who wants to hear of a topic. `name` tells apart two for one topic and address."""

    id: int
    shop: str
    topic: str
    uri: str
    name: str | None
    include_fields: list[str]
    created_ms: int


def pack(body: bytes) -> bytes:
    """Bodies are kept for retries, some 8 kB each: a sixth of it after the quickest compression."""
    return zlib.compress(body, 1)


def unpack(stored: bytes) -> bytes:
    """The raw body again."""
    return zlib.decompress(stored)


class Webhooks:
    """All writing happens in the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: dict[str, list[Subscription]] = {}
        self.dice = random.Random(7)

    def subscriptions(self, shop: str) -> list[Subscription]:
        """Those of one shop, oldest first."""
        if shop not in self._cache:
            rows = self._store.books.rows("select * from shopify_subscription where shop = ? order by id", (shop,))
            self._cache[shop] = [
                Subscription(**{**dict(row), "include_fields": msgspec.json.decode(row["include_fields"])})
                for row in rows
            ]
        return self._cache[shop]

    def forget_cache(self) -> None:
        """After the books were emptied or a transaction failed."""
        self._cache.clear()
        self._store.forget_cache()

    def subscribe(
        self, shop: Shop, topic: str, uri: str, name: str | None = None, include_fields: Sequence[str] = ()
    ) -> Subscription:
        """Raises RefusedError for an address that cannot be called or is taken for this topic."""
        if not uri.startswith(URI_PREFIXES):
            raise RefusedError("Address is not a URL this stand-in can call", "webhookSubscription", "uri")
        if any((e.topic, e.uri, e.name) == (topic, uri, name) for e in self.subscriptions(shop.domain)):
            raise RefusedError("Address for this topic has already been taken", "webhookSubscription", "uri")
        now = self._store.now_ms()
        values = (shop.domain, topic, uri, name, msgspec.json.encode(list(include_fields)).decode(), now)
        fresh = stable_number("subscription", new_uuid())
        self._store.books.execute(
            "insert into shopify_subscription (id, shop, topic, uri, name, include_fields, created_ms) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (fresh, *values),
        )
        self._cache.pop(shop.domain, None)
        return next(entry for entry in self.subscriptions(shop.domain) if entry.id == fresh)

    def unsubscribe(self, shop: str, subscription_id: int) -> bool:
        """Was there such a subscription?"""
        cursor = self._store.books.execute(
            "delete from shopify_subscription where id = ? and shop = ?", (subscription_id, shop)
        )
        self._cache.pop(shop, None)
        return cursor.rowcount == 1

    def give_up_on(self, shop: str, subscription_id: int) -> None:
        """Delete a subscription whose receiver failed too often, and remember that."""
        gone = next((entry for entry in self.subscriptions(shop) if entry.id == subscription_id), None)
        if gone and self.unsubscribe(shop, subscription_id):
            self._store.books.execute(
                "insert or replace into shopify_removed (id, shop, topic, uri, at_ms) values (?, ?, ?, ?, ?)",
                (gone.id, shop, gone.topic, gone.uri, self._store.now_ms()),
            )

    def point_to(self, shop: Shop, url: str, topics: Sequence[str]) -> None:
        """Make the app's default subscriptions (and the privacy topics) go to `url`; "" = nowhere."""
        unknown = [topic for topic in topics if topic not in API_TOPICS.values()]
        if unknown:
            raise ValueError(f"unknown topic {', '.join(unknown)}; known: {', '.join(API_TOPICS.values())}")
        for entry in self.subscriptions(shop.domain):
            if entry.uri == shop.webhook_url:
                self.unsubscribe(shop.domain, entry.id)
        shop.webhook_url = url
        self._store.save_shop(shop)
        for topic in topics if url else ():
            self.subscribe(shop, topic, url)

    def emit(
        self, shop: Shop, topic: str, event: Event, body: Callable[[], JsonObject], order_id: int | None = None
    ) -> None:
        """Queue one delivery per subscription; nothing when nobody listens or the event is to get lost."""
        targets = self._targets(shop, topic)
        lost = self._store.settings.number("lost_rate")
        if not event.send or not targets or (lost > 0 and self.dice.random() < lost):
            return
        content, moment = body(), nanoseconds(self._store.clock.timestamp())
        whole = pack(raw(content))
        for target in targets:
            chosen = {key: content[key] for key in target.include_fields if key in content}
            payload = pack(raw(chosen)) if target.include_fields else whole
            values = (shop.domain, target.id, order_id, topic, new_uuid(), event.id, moment, target.uri, target.name)
            self._store.books.execute(INSERT_DELIVERY, (*values, payload, event.signature, self._due()))
        self._store.clock.wake()

    def repeat(self, where: str, values: tuple[object, ...], limit: int) -> int:
        """Queue the last deliveries again, same Webhook-Id, same body. Returns how many."""
        columns = "shop, subscription_id, order_id, topic, webhook_id, event_id, triggered_at, uri, name, body"
        cursor = self._store.books.execute(
            f"insert into shopify_delivery ({columns}, signature, due_ms) select {columns}, signature, ? "
            f"from shopify_delivery where {where} order by id desc limit ?",
            (self._due(), *values, limit),
        )
        self._store.clock.wake()
        return cursor.rowcount

    def _targets(self, shop: Shop, topic: str) -> list[Subscription]:
        if topic in COMPLIANCE_TOPICS:
            return [Subscription(0, shop.domain, topic, shop.webhook_url, None, [], 0)] if shop.webhook_url else []
        return [entry for entry in self.subscriptions(shop.domain) if entry.topic == topic]

    def _due(self) -> int:
        jitter = self._store.settings.number("jitter_seconds")
        return self._store.now_ms() + (int(self.dice.uniform(0, jitter) * 1000) if jitter > 0 else 0)
