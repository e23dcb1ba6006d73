"""1GLOBAL Connect as the kit sees it: routes, settings, faults, admission."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.kit.faults import FaultRule
from sandbox.kit.http import Call, Handler, Reply
from sandbox.kit.throttle import FixedWindow
from sandbox.oneglobal import auth, customers, events, offerings, orders, report, subscriptions, work
from sandbox.oneglobal.control import LineControl
from sandbox.oneglobal.hal import BASE, RefusedError, problem
from sandbox.oneglobal.idempotency import Keys, still_running
from sandbox.oneglobal.money import no_credit
from sandbox.oneglobal.schema import SCHEMA

Verb = Callable[[Desk, Call], Reply]
MINUTE = 60.0

VERBS: Sequence[tuple[str, str, str, Verb]] = (
    ("accounts", "GET", "/accounts", customers.accounts),
    ("account_create", "POST", "/accounts", customers.create_account),
    ("subscribers", "GET", "/subscribers", customers.subscribers),
    ("subscriber_create", "POST", "/subscribers", customers.create_subscriber),
    ("catalogue", "GET", "/product-offerings", offerings.list_offerings),
    ("compatible", "GET", "/product-offerings/{id}/compatible", offerings.compatible),
    ("products", "GET", "/products", subscriptions.list_products),
    ("product_activate", "POST", "/products/{id}/activate", subscriptions.activate_product),
    ("product_cancel", "POST", "/products/{id}/cancel", subscriptions.cancel_product),
    ("orders", "GET", "/orders", orders.list_orders),
    ("order", "POST", "/orders", orders.place),
    ("order_status", "GET", "/orders/{id}", orders.show),
    ("order_cancel", "POST", "/orders/{id}/cancel", orders.cancel),
    ("order_resume", "POST", "/orders/{id}/resume", orders.resume),
    ("subscriptions", "GET", "/subscriptions", subscriptions.list_subscriptions),
    ("subscription", "GET", "/subscriptions/{id}", subscriptions.show),
    ("grace", "POST", "/subscriptions/{id}/grace", subscriptions.changing("active", "grace")),
    ("suspend", "POST", "/subscriptions/{id}/suspend", subscriptions.changing("grace", "suspended")),
    ("deactivate", "POST", "/subscriptions/{id}/deactivate", subscriptions.changing("active", "deactivated")),
    ("resume", "POST", "/subscriptions/{id}/resume", subscriptions.changing("deactivated", "active")),
    ("sim_profile", "GET", "/sim-profiles/{sim}", subscriptions.profile),
    ("secret_codes", "GET", "/sim-profiles/{sim}/secret-codes", subscriptions.secret_codes),
    ("webhooks", "GET", "/webhooks", events.registered),
    ("webhook_save", "POST", "/webhooks", events.register),
)
SLOW_READY_MS = 30_000
NOTES: Mapping[str, JsonObject] = {
    "slow_ready": {"ready_ms": SLOW_READY_MS},
    "order_fails": {"fails": True},
    "low_data": {"low_data": True},
}


class OneGlobal(Vendor):
    """The stand-in."""

    schema = SCHEMA
    settings = {
        "client_id": "1g_sandbox_client",
        "client_secret": "1g_sandbox_secret_0001",
        "account_id": "acc_01JPX5Y7Z00000000000000001",
        "token_seconds": 300,
        "rate_limit_per_minute": 1000,
        "ready_after_ms": 1500,
        "work_ms": 0,
        "webhook_url": "",
        "webhook_user": "simplane",
        "webhook_password": "1g_sandbox_hook_0001",
        "webhook_delay_ms": 0,
        "webhook_jitter_ms": 0,
        "webhook_duplicate_percent": 0,
        "webhook_lost_percent": 0,
        "webhook_parallel": 1,
    }
    fault_kinds = (*NOTES, "still_running", "still_running_after", "no_credit", "token_expired")
    test_faults: Mapping[str, str] = {"refusal": "status_before", "late": "slow_ready", "low_data": "low_data"}
    opening_balance_minor = 10_000_000

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._window = FixedWindow(MINUTE)
        self._keys = Keys(desk)
        self.settings_changed(())

    def operations(self) -> Sequence[Operation]:
        """The token endpoint and every published route."""
        token = Operation("token", "POST", auth.TOKEN_PATH, lambda call: auth.token(self.desk, call))
        calls = [
            Operation(name, method, BASE + path, self._handler(method, verb), magic=name == "order")
            for name, method, path, verb in VERBS
        ]
        return [token, *calls]

    def _handler(self, method: str, verb: Verb) -> Handler:
        async def work_on(call: Call) -> Reply:
            if pause := self.desk.settings.number("work_ms"):
                await asyncio.sleep(pause / 1000)
            return verb(self.desk, call)

        async def handle(call: Call) -> Reply:
            try:
                if method == "POST":
                    return await self._keys.once(call, lambda: work_on(call))
                return await work_on(call)
            except RefusedError as refusal:
                return problem(call, refusal)

        return handle

    def control_routes(self) -> Sequence[BaseRoute]:
        """Lines and offerings."""
        return LineControl(self.desk).routes()

    def load_defaults(self) -> None:
        """Catalogue, account, and a salt that keeps ICCIDs apart from those of earlier books."""
        self.desk.books.set_state("salt", f"{secrets.randbelow(100_000):05d}")
        offerings.load(self.desk)
        customers.load(self.desk)

    def settings_changed(self, names: Collection[str]) -> None:
        """Another limit starts its own window."""
        if "rate_limit_per_minute" in names:
            self._window = FixedWindow(MINUTE)
        self.desk.sender.parallel = max(1, int(self.desk.settings.number("webhook_parallel")))

    def clock_moved(self) -> None:
        """Orders become due, plans end."""
        work.settle(self.desk)

    def admit(self, call: Call) -> Reply | None:
        """Token, version, then the requests a minute of this endpoint; what is due is done first."""
        if call.operation == "token":
            return None
        work.settle(self.desk)
        try:
            auth.check(self.desk, call)
        except RefusedError as refusal:
            return problem(call, refusal)
        limit = int(self.desk.settings.number("rate_limit_per_minute"))
        if limit and not self._window.take(call.operation, limit).allowed:
            return self.throttled(call, -1)
        return None

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """429. Their own limit promises no Retry-After; a fault rule may name one."""
        refusal = RefusedError(429, "Too Many Requests", "Rate limit exceeded", code="rate_limit_exceeded")
        reply = problem(call, refusal)
        headers = {**reply.headers, "Retry-After": str(retry_after)} if retry_after >= 0 else reply.headers
        return Reply(reply.status, reply.body, reply.content_type, headers)

    def failed(self, call: Call, status: int) -> Reply:
        """A problem without particulars."""
        return problem(call, RefusedError(status, "Internal Server Error" if status >= 500 else "Bad Request"))

    async def vendor_fault(self, rule: FaultRule, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """Orders that are late, fail or come nearly empty; keys in use; no credit; a token nobody knows any more."""
        match rule.kind:
            case "still_running":
                return problem(call, still_running())
            case "still_running_after":
                await execute()
                return problem(call, still_running())
            case "no_credit":
                return problem(call, no_credit())
            case "token_expired":
                self.desk.books.execute("delete from token")
                return problem(call, RefusedError(401, "Unauthorized", "The access token is expired"))
        call.notes.update(NOTES[rule.kind])
        return await execute()

    def distort(self, call: Call, answer: Any) -> Any:
        """A wrong type where a list or an object is read, else in the first field."""
        del call
        name = "_embedded" if "_embedded" in answer else next(iter(answer))
        return json.loads(json.dumps(answer)) | {name: ["unexpected", {"type": True}]}

    def report(self, *, summary: bool) -> JsonObject:
        """The books."""
        return report.summary(self.desk) if summary else report.full(self.desk)
