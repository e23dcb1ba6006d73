"""Control routes: what a merchant, a buyer or bad luck does in a shop."""

import asyncio
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.control import BadControlError, control_body, control_route
from sandbox.shopify.deeds import DEEDS
from sandbox.shopify.ids import stable_number
from sandbox.shopify.model import Order
from sandbox.shopify.office import Office
from sandbox.shopify.payload_other import privacy_body, shop_body, shop_redact_body
from sandbox.shopify.report import delivery_states, report, show
from sandbox.shopify.store import SHOP_DOMAIN, Shop
from sandbox.shopify.topics import API_TOPICS, COMPLIANCE_TOPICS
from sandbox.shopify.webhooks import Event

EVENT_KEYS = ("send", "signature")
ORDERS_AT_ONCE = 50
SHOP_KEYS = frozenset(["shop", "client_id", "client_secret", "name", "currency", "timezone", "webhook_url"])


class ShopControl:
    """Every route works on one shop in one transaction; a refusal changes nothing."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        shop = "/_control/shops/{shop}"
        return [
            control_route("/_control/shops", self.shops, ("GET", "POST")),
            control_route(f"{shop}/orders", self.orders),
            control_route(f"{shop}/orders/{{order:int}}", self.order, ("GET",)),
            control_route(f"{shop}/orders/{{order:int}}/{{deed}}", self.deed),
            control_route(f"{shop}/books", self.books, ("GET",)),
            control_route(f"{shop}/deliveries", self.deliveries, ("GET",)),
            control_route(f"{shop}/subscriptions", self.subscriptions, ("GET",)),
            control_route(f"{shop}/repeat", self.repeat),
            control_route(f"{shop}/privacy", self.privacy),
            control_route(f"{shop}/rotate", self.rotate),
            control_route(f"{shop}/uninstall", self.uninstall),
            control_route(f"{shop}/install", self.install),
        ]

    async def shops(self, request: Request) -> object:
        """List, or add a shop with its app."""
        if request.method == "POST":
            self._add_shop(await control_body(request))
        return {"shops": [_show_shop(shop) for shop in self._office.store.shops()]}

    async def orders(self, request: Request) -> object:
        """New orders; see create.py for the fields. Large counts are committed in portions."""
        wanted = await control_body(request)
        count, options = wanted.pop("count", 1), _event_options(wanted)
        if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= 100_000:
            raise BadControlError("count must be a whole number from 1 to 100000")
        made: list[Order] = []
        while len(made) < count:
            with self._changing(request) as shop:
                made += self._office.sell(shop, wanted, min(ORDERS_AT_ONCE, count - len(made)), options)
            await asyncio.sleep(0)
        return {"ids": [order.id for order in made], "orders": [_show_new(order) for order in made]}

    async def order(self, request: Request) -> object:
        """One order as in the books."""
        shop = self._shop(request)
        order = self._order(shop, request)
        sql = "select topic, webhook_id, event_id, state, attempts, last_status from shopify_delivery"
        rows = self._office.store.books.rows(f"{sql} where order_id = ? order by id", (order.id,))
        return show(order, [dict(row) for row in rows])

    async def deed(self, request: Request) -> object:
        """pay, edit, cancel, refund, dispute, risk, fulfil, hold, release."""
        deed = DEEDS.get(str(request.path_params["deed"]))
        if deed is None:
            raise BadControlError(f"unknown deed; known: {', '.join(DEEDS)}")
        wanted = await control_body(request)
        event = Event(**_event_options(wanted))
        with self._changing(request) as shop:
            order = self._order(shop, request)
            deed(self._office, shop, order, wanted, event)
        return {"event_id": event.id, "order": show(order, [])}

    async def books(self, request: Request) -> object:
        """The books of one shop."""
        shop, short = self._shop(request), request.query_params.get("summary") == "1"
        return report(self._office.store, summary=short, shop=shop.domain)

    async def deliveries(self, request: Request) -> object:
        """How many webhooks are due, sent, failed."""
        return delivery_states(self._office.store, self._shop(request).domain)

    async def subscriptions(self, request: Request) -> object:
        """Who is told what."""
        entries = self._office.webhooks.subscriptions(self._shop(request).domain)
        return {"subscriptions": [{"id": e.id, "topic": e.topic, "uri": e.uri, "name": e.name} for e in entries]}

    async def repeat(self, request: Request) -> object:
        """Send the last deliveries again: `{"topic", "order_id", "limit"}`, each optional."""
        wanted = await control_body(request)
        with self._changing(request) as shop:
            where, values = "shop = ?", [shop.domain]
            for column in ("topic", "order_id"):
                if column in wanted:
                    where, values = f"{where} and {column} = ?", [*values, wanted[column]]
            count = self._office.webhooks.repeat(where, tuple(values), int(wanted.get("limit", 1)))
        return {"repeated": count}

    async def privacy(self, request: Request) -> object:
        """`{"topic": one of the three privacy topics, "email"}`."""
        wanted = await control_body(request)
        event, topic = Event(**_event_options(wanted)), wanted.get("topic")
        if topic not in COMPLIANCE_TOPICS:
            raise BadControlError(f"topic must be one of {', '.join(COMPLIANCE_TOPICS)}")
        with self._changing(request) as shop:
            email = str(wanted.get("email", "lena.fischer@example.com"))
            self._office.webhooks.emit(shop, topic, event, lambda: self._privacy_body(shop, topic, email))
        return {"event_id": event.id}

    async def rotate(self, request: Request) -> object:
        """`{"client_secret"}`: webhooks go on being signed with the old one for an hour."""
        secret = (await control_body(request)).get("client_secret")
        if not isinstance(secret, str) or not secret:
            raise BadControlError("client_secret must be text")
        with self._changing(request) as shop:
            shop.previous_secret, shop.client_secret = shop.client_secret, secret
            shop.rotated_ms = self._office.store.now_ms()
            self._office.store.save_shop(shop)
        return {"ok": True}

    async def uninstall(self, request: Request) -> object:
        """app/uninstalled; tokens and subscriptions are gone at once."""
        event = Event(**_event_options(await control_body(request)))
        with self._changing(request) as shop:
            self._office.webhooks.emit(shop, "app/uninstalled", event, lambda: shop_body(shop))
            for entry in self._office.webhooks.subscriptions(shop.domain):
                self._office.webhooks.unsubscribe(shop.domain, entry.id)
            self._office.store.books.execute("delete from shopify_token where shop = ?", (shop.domain,))
            shop.installed = False
            self._office.store.save_shop(shop)
        return {"event_id": event.id}

    async def install(self, request: Request) -> object:
        """Install the app again; subscriptions have to be made anew by the app."""
        with self._changing(request) as shop:
            shop.installed = True
            self._office.store.save_shop(shop)
        return {"ok": True}

    def _add_shop(self, wanted: Mapping[str, Any]) -> None:
        domain = wanted.get("shop")
        if not isinstance(domain, str) or not SHOP_DOMAIN.fullmatch(domain):
            raise BadControlError("shop must look like some-name.myshopify.com")
        if set(wanted) - SHOP_KEYS or not all(isinstance(value, str) for value in wanted.values()):
            raise BadControlError(f"known fields, all text: {', '.join(sorted(SHOP_KEYS))}")
        if self._office.store.shop(domain):
            raise BadControlError(f"{domain} exists already")
        shop = Shop(
            domain=domain,
            id=stable_number("shop", domain),
            client_id=wanted.get("client_id", f"{domain}-client-id"),
            client_secret=wanted.get("client_secret", f"{domain}-secret-not-real"),
            name=wanted.get("name", domain.partition(".")[0]),
            currency=wanted.get("currency", "EUR"),
            timezone=wanted.get("timezone", "Europe/Berlin"),
        )
        with self._office.store.books.transaction():
            self._office.store.save_shop(shop)
            self._office.webhooks.point_to(shop, wanted.get("webhook_url", ""), list(API_TOPICS.values()))

    def _privacy_body(self, shop: Shop, topic: str, email: str) -> JsonObject:
        if topic == "shop/redact":
            return shop_redact_body(shop)
        sql = "shop = ? and json_extract(cast(doc as text), '$.email') = ? order by id"
        ids = [order.id for order in self._office.store.orders(sql, (shop.domain, email))]
        return privacy_body(topic, shop, email, ids)

    def _shop(self, request: Request) -> Shop:
        shop = self._office.store.shop(str(request.path_params["shop"]))
        if shop is None:
            raise BadControlError(f"unknown shop {request.path_params['shop']}")
        return shop

    def _order(self, shop: Shop, request: Request) -> Order:
        order = self._office.store.order(shop.domain, int(request.path_params["order"]))
        if order is None:
            raise BadControlError(f"{shop.domain} has no order {request.path_params['order']}")
        return order

    @contextmanager
    def _changing(self, request: Request) -> Any:
        """One transaction with the shop in hand."""
        try:
            with self._office.store.books.transaction():
                yield self._shop(request)
        except Exception:
            self._office.webhooks.forget_cache()
            raise


def _event_options(wanted: JsonObject) -> JsonObject:
    return {key: wanted.pop(key) for key in EVENT_KEYS if key in wanted}


def _show_shop(shop: Shop) -> JsonObject:
    return {
        "shop": shop.domain,
        "client_id": shop.client_id,
        "currency": shop.currency,
        "installed": shop.installed,
        "webhook_url": shop.webhook_url,
    }


def _show_new(order: Order) -> JsonObject:
    lines = [{"id": line.id, "sku": line.sku, "quantity": line.quantity} for line in order.lines]
    return {"id": order.id, "name": order.name, "lines": lines}
