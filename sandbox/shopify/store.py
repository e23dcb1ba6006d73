"""Shops and orders in the books."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from sandbox.kit.books import Books
from sandbox.kit.clock import Clock
from sandbox.kit.settings import Settings
from sandbox.shopify.ids import SLOTS, first_sequence
from sandbox.shopify.model import Order
from sandbox.shopify.totals import financial_status

SCHEMA = """
create table if not exists shopify_shop (domain text primary key, doc blob not null);
create table if not exists shopify_order (
    id integer primary key, shop text not null, number integer not null, created_ms integer not null,
    updated_ms integer not null, indexed_ms integer, index_due_ms integer not null, financial text not null,
    doc blob not null);
create index if not exists shopify_order_search on shopify_order
    (shop, updated_ms, indexed_ms, index_due_ms, created_ms, number, financial);
create table if not exists shopify_token (token text primary key, shop text not null, expires_ms integer not null);
create table if not exists shopify_idempotency (
    shop text, key text, fingerprint text not null, refund_id integer, order_id integer, at_ms integer not null,
    primary key (shop, key));
create table if not exists shopify_job (id text primary key, order_id integer not null, due_ms integer not null,
    status text not null, plan blob not null);
"""
SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


class Shop(msgspec.Struct):
    """One shop and the app installed in it. `rotated_ms`: when `client_secret` replaced `previous_secret`."""

    domain: str
    id: int
    client_id: str
    client_secret: str
    name: str = "Demo Shop"
    currency: str = "EUR"
    timezone: str = "Europe/Berlin"
    webhook_url: str = ""
    installed: bool = True
    previous_secret: str = ""
    rotated_ms: int = 0
    next_number: int = 1001


_out = msgspec.json.Encoder()
_order_in = msgspec.json.Decoder(Order)
_shop_in = msgspec.json.Decoder(Shop)


class Store:
    """Reads and writes whole documents; call the writing methods inside one transaction with what they cause."""

    def __init__(self, books: Books, clock: Clock, settings: Settings) -> None:
        self.books = books
        self.clock = clock
        self.settings = settings
        self._given_out = 0
        self._shop_docs: dict[str, bytes] = {}

    def now_ms(self) -> int:
        """Virtual now."""
        return int(self.clock.timestamp() * 1000)

    def shops(self) -> list[Shop]:
        """All shops, by domain."""
        return [_shop_in.decode(row["doc"]) for row in self.books.rows("select doc from shopify_shop order by domain")]

    def shop(self, domain: str) -> Shop | None:
        """One shop, a fresh copy."""
        doc = self._shop_docs.get(domain)
        if doc is None:
            row = self.books.row("select doc from shopify_shop where domain = ?", (domain,))
            if row is None:
                return None
            doc = self._shop_docs[domain] = bytes(row["doc"])
        return _shop_in.decode(doc)

    def forget_cache(self) -> None:
        """After the books were emptied or a transaction failed."""
        self._shop_docs.clear()

    def save_shop(self, shop: Shop) -> None:
        """Insert or overwrite."""
        doc = self._shop_docs[shop.domain] = _out.encode(shop)
        self.books.execute("insert or replace into shopify_shop (domain, doc) values (?, ?)", (shop.domain, doc))

    def next_order_ids(self, count: int) -> Iterator[int]:
        """Order ids that were never given out, not even before the books were emptied."""
        start = max(int(self.books.get_state("sequence") or first_sequence()), self._given_out)
        self._given_out = start + count
        self.books.set_state("sequence", self._given_out)
        return (number * SLOTS for number in range(start, start + count))

    def add_orders(self, orders: Iterable[Order]) -> None:
        """Insert new orders."""
        due = self._index_due()
        self.books.executemany(
            "insert into shopify_order (id, shop, number, created_ms, updated_ms, indexed_ms, index_due_ms, financial, "
            "doc) values (?, ?, ?, ?, ?, null, ?, ?, ?)",
            [
                (o.id, o.shop, o.number, o.created_ms, o.updated_ms, due, financial_status(o), _out.encode(o))
                for o in orders
            ],
        )

    def order(self, shop: str, order_id: int) -> Order | None:
        """One order of that shop."""
        row = self.books.row("select doc from shopify_order where id = ? and shop = ?", (order_id, shop))
        return _order_in.decode(row["doc"]) if row else None

    def orders(self, where: str, values: tuple[object, ...]) -> list[Order]:
        """Orders by an SQL condition (with order by and limit)."""
        rows = self.books.rows(f"select doc from shopify_order where {where}", values)
        return [_order_in.decode(row["doc"]) for row in rows]

    def save(self, order: Order) -> None:
        """Write a changed order and move its `updated_ms`; the search index follows after the lag."""
        now = self.now_ms()
        order.updated_ms = max(now, order.updated_ms)
        self.books.execute(
            "update shopify_order set indexed_ms = case when index_due_ms <= ? then updated_ms else indexed_ms end, "
            "updated_ms = ?, index_due_ms = ?, financial = ?, doc = ? where id = ?",
            (now, order.updated_ms, self._index_due(), financial_status(order), _out.encode(order), order.id),
        )

    def _index_due(self) -> int:
        return self.now_ms() + int(self.settings.number("index_lag_seconds") * 1000)
