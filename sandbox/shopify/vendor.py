"""The stand-in put together: routes, admission, faults, settings."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.kit.faults import FaultRule
from sandbox.kit.http import Call, Reply, json_reply
from sandbox.kit.throttle import FixedWindow
from sandbox.shopify import auth, store, webhooks
from sandbox.shopify.api import Api, internal_error
from sandbox.shopify.control import ShopControl
from sandbox.shopify.cost import Buckets
from sandbox.shopify.idempotency import CONCURRENT, refused
from sandbox.shopify.ids import new_uuid, stable_number
from sandbox.shopify.jobs import run_due_jobs
from sandbox.shopify.office import Office
from sandbox.shopify.page import Page
from sandbox.shopify.report import report
from sandbox.shopify.resolvers import DEFAULT_SCOPES
from sandbox.shopify.sender import WebhookSender
from sandbox.shopify.signature import API_VERSION
from sandbox.shopify.topics import API_TOPICS

DEFAULT_SHOP = "demo-shop.myshopify.com"
DEFAULT_CLIENT_ID = "demo-client-id"
DEFAULT_CLIENT_SECRET = "demo-shopify-secret-not-real"  # noqa: S105 - invented, for the demo shop only
POINTED_KEY = "subscriptions_point_to"
VERSION = re.compile(r"\d{4}-(01|04|07|10)")
ERROR_TEXTS = {402: "Unavailable Shop", 403: "Forbidden", 423: "Locked", 429: "Too Many Requests", 430: "Rejected"}


class Shopify(Vendor):
    """Any number of shops with one app installed in each."""

    schema = store.SCHEMA + webhooks.SCHEMA
    settings = {
        "webhook_url": "",
        "topics": ",".join(API_TOPICS.values()),
        "retry_scale": 1.0,
        "duplicate_rate": 0.0,
        "lost_rate": 0.0,
        "jitter_seconds": 0.0,
        "updated_on_create": False,
        "index_lag_seconds": 0.0,
        "cancel_job_seconds": 0.0,
        "bucket_size": 2000,
        "restore_rate": 100.0,
        "scopes": DEFAULT_SCOPES,
        "protected_customer_data": True,
    }
    fault_kinds = ("internal_error", "internal_error_after", "access_denied", "idempotency_concurrent")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.store = store.Store(desk.books, desk.clock, desk.settings)
        self.webhooks = webhooks.Webhooks(self.store)
        self.office = Office(self.store, self.webhooks)
        self.buckets = Buckets(desk.clock, desk.settings)
        self.api = Api(self.office, self.buckets)
        self._window = FixedWindow()
        self.sender = WebhookSender(self.store, self.webhooks, lambda: run_due_jobs(self.office))
        desk.sender = self.sender

    def operations(self) -> Sequence[Operation]:
        """Two routes are all that our client calls."""
        base = "/shops/{shop}/admin"
        return (
            Operation("token", "POST", f"{base}/oauth/access_token", self._token),
            Operation("graphql", "POST", f"{base}/api/{{version}}/graphql.json", self._graphql),
        )

    def control_routes(self) -> Sequence[BaseRoute]:
        """Control routes of shops and orders, and the page."""
        return [*ShopControl(self.office).routes(), *Page(self.office).routes()]

    def load_defaults(self) -> None:
        """One shop, with subscriptions when a webhook address is set."""
        self.webhooks.forget_cache()
        self.sender.forget()
        self.buckets.fill()
        shop = store.Shop(DEFAULT_SHOP, stable_number("shop", DEFAULT_SHOP), DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET)
        with self.desk.books.transaction():
            self.store.save_shop(shop)
        self.settings_changed(("webhook_url",))

    def settings_changed(self, names: Collection[str]) -> None:
        """Point the default shop's subscriptions at a new address; the same one again brings nothing back."""
        shop = self.store.shop(DEFAULT_SHOP)
        wanted = [self.desk.settings.text("webhook_url"), self.desk.settings.text("topics")]
        known = self.desk.books.get_state(POINTED_KEY)
        if shop is None or not {"webhook_url", "topics"} & set(names) or known == wanted:
            return
        try:
            with self.desk.books.transaction():
                self.webhooks.point_to(shop, wanted[0], [topic for topic in wanted[1].split(",") if topic])
                self.desk.books.set_state(POINTED_KEY, wanted)
        except ValueError:
            before = known or ["", self.settings["topics"]]
            self.desk.settings.update({"webhook_url": before[0], "topics": before[1]})
            self.webhooks.forget_cache()
            raise

    def admit(self, call: Call) -> Reply | None:
        """Shop, version and token."""
        shop = self._shop(call)
        if shop is None:
            return json_reply({"errors": "Not Found"}, 404)
        if call.operation == "token":
            limit = int(self.desk.settings.number("rate_limit_per_second"))
            return None if self._window.take(shop.domain, limit).allowed else self.throttled(call, 1)
        version = str(call.path_params["version"])
        if not VERSION.fullmatch(version) or version > API_VERSION:
            return json_reply({"errors": "Not Found"}, 404)
        return auth.refusal(self.store, shop, call)

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Every answer names the version that answered: older ones fall forward to it."""
        extra = {"X-Request-Id": new_uuid()}
        if call.operation == "graphql":
            extra["X-Shopify-API-Version"] = API_VERSION
        return replace(reply, headers={**reply.headers, **extra})

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """GraphQL: HTTP 200 with a code; the token endpoint: 429."""
        shop = self._shop(call)
        if call.operation == "graphql" and shop is not None:
            return json_reply(self.api.throttled(shop, 10))
        return json_reply({"errors": ERROR_TEXTS[429]}, 429, {"Retry-After": f"{retry_after}.0"})

    def failed(self, call: Call, status: int) -> Reply:
        """A body as Shopify's edge writes it."""
        del call
        return json_reply({"errors": ERROR_TEXTS.get(status, "Internal Server Error")}, status)

    async def vendor_fault(self, rule: FaultRule, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """Errors that come with HTTP 200."""
        del call
        if rule.kind == "internal_error_after":
            await execute()
        if rule.kind.startswith("internal_error"):
            return json_reply(internal_error())
        if rule.kind == "access_denied":
            error = {"message": "Access denied.", "extensions": {"code": "ACCESS_DENIED"}}
            return json_reply({"errors": [error], "data": None})
        user_error = refused(CONCURRENT, "A request with this key is still running.").as_user_error()
        payload: JsonObject = {"order": None, "refund": None, "userErrors": [user_error]}
        return json_reply({"data": {"refundCreate": payload}})

    def report(self, *, summary: bool) -> JsonObject:
        """The books of all shops."""
        return report(self.store, summary=summary)

    def _shop(self, call: Call) -> store.Shop | None:
        return self.store.shop(str(call.path_params["shop"]))

    def _token(self, call: Call) -> Reply:
        shop = self._shop(call)
        assert shop is not None, "admitted"
        return auth.grant_token(self.store, shop, call)

    def _graphql(self, call: Call) -> Reply:
        shop = self._shop(call)
        assert shop is not None, "admitted"
        return self.api.answer(call, shop)
