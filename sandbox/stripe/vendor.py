"""The stand-in put together: routes, keys, faults, settings."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from starlette.routing import BaseRoute

from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk, Operation, Vendor
from sandbox.kit.faults import FaultRule
from sandbox.kit.http import Call, Handler, Reply
from sandbox.kit.throttle import FixedWindow
from sandbox.stripe import account, checkout, customers, endpoints, idempotency, intents, objects, setups, takings
from sandbox.stripe.api import Api, internal_error, refused
from sandbox.stripe.control import StripeControl
from sandbox.stripe.due import run_due
from sandbox.stripe.events import PAUSES_SECONDS
from sandbox.stripe.ids import new_id
from sandbox.stripe.page import Page
from sandbox.stripe.refused import Refused
from sandbox.stripe.report import report
from sandbox.stripe.routes import Route
from sandbox.stripe.sender import WebhookSender

ROUTES: tuple[Route, ...] = (
    *intents.ROUTES,
    *setups.ROUTES,
    *customers.ROUTES,
    *checkout.ROUTES,
    *takings.ROUTES,
    *endpoints.ROUTES,
)
DEFAULT_KEY = "sk_test_sandbox_not_real"
DEFAULT_SECRET = "whsec_sandbox_not_real"  # noqa: S105 - invented
DEFAULT_RATES = (
    "eur=1,usd=0.92,gbp=1.17,chf=1.06,jpy=0.0061,krw=0.00064,kwd=2.99,bhd=2.44,isk=0.0067,pln=0.23,sek=0.088"
)
POINTED_KEY = "endpoint_points_to"
CURRENCY_LIST = re.compile(r"[a-z]{3}(,[a-z]{3})*")
RATE_LIST = re.compile(r"[a-z]{3}=\d+(\.\d+)?(,[a-z]{3}=\d+(\.\d+)?)*")
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")
LIMITED = "Request rate limit exceeded."
LOCKED = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it."
)
FORBIDDEN = "The provided key does not have the required permissions for this endpoint."


class Stripe(Vendor):
    """One account in test mode."""

    schema = objects.SCHEMA + account.SCHEMA + idempotency.SCHEMA
    settings = {
        "api_key": DEFAULT_KEY,
        "webhook_url": "",
        "webhook_secret": DEFAULT_SECRET,
        "retries": "live",
        "retry_scale": 1.0,
        "duplicate_rate": 0.0,
        "lost_rate": 0.0,
        "jitter_seconds": 0.0,
        "virtual_stamps": False,
        "execution_ms": 0.0,
        "async_seconds": 10.0,
        "settle_seconds": 0.0,
        "index_lag_seconds": 0.0,
        "settle_in": "eur,usd,gbp",
        "rates": DEFAULT_RATES,
        "fee_rate": 0.015,
        "fee_fixed": 25,
        "conversion_fee_rate": 0.02,
        "dispute_fee": 2000,
        "dispute_fee_returned": False,
        "available_days": 2,
        "arrival_days": 1,
    }
    fault_kinds = ("internal_error", "internal_error_after", "slow", "rate_limited", "lock_timeout", "forbidden")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.account = account.Account(desk.books, desk.clock, desk.settings)
        self.sender = WebhookSender(self.account, lambda: run_due(self.account))
        self.account.emit = self.sender.events.emit
        desk.sender = self.sender
        self.api = Api(self.account)
        self._window = FixedWindow()

    def operations(self) -> Sequence[Operation]:
        """Every declared route, and an answer for all other addresses."""
        declared = [Operation(entry.name, entry.method, entry.path, self._handler(entry)) for entry in ROUTES]
        unknown = [Operation("unknown", method, "/v1/{rest:path}", _unknown) for method in ("GET", "POST", "DELETE")]
        return [*declared, *unknown]

    def control_routes(self) -> Sequence[BaseRoute]:
        """Control routes, and the pages a buyer sees."""
        return [*StripeControl(self.account, self.sender).routes(), *Page(self.account).routes()]

    def load_defaults(self) -> None:
        """An endpoint when a webhook address is set."""
        self.settings_changed(("webhook_url",))

    def settings_changed(self, names: Collection[str]) -> None:
        """Point the account's first endpoint at a new address; the same one again changes nothing."""
        settings = self.desk.settings
        self._refuse_nonsense()
        wanted = [settings.text("webhook_url"), settings.text("webhook_secret")]
        if not {"webhook_url", "webhook_secret"} & set(names) or self._pointed()[:2] == wanted:
            return
        with self.desk.books.transaction():
            self.account.objects.drop(self._pointed()[2])
            number = ""
            if wanted[0]:
                number = endpoints.new_endpoint(self.account, wanted[0], ["*"], secret=wanted[1])["id"]
            self.desk.books.set_state(POINTED_KEY, [*wanted, number])

    def _refuse_nonsense(self) -> None:
        settings, wrong = self.desk.settings, ""
        if settings.text("retries") not in PAUSES_SECONDS:
            wrong = "retries"
        for name, pattern in (("settle_in", CURRENCY_LIST), ("rates", RATE_LIST)):
            wrong = wrong if pattern.fullmatch(settings.text(name)) else name
        if wrong:
            settings.update({wrong: self.settings[wrong]})
            raise ValueError(f"{wrong} is not understood and is back to {self.settings[wrong]!r}")

    def _pointed(self) -> list[str]:
        found: list[str] = self.desk.books.get_state(POINTED_KEY) or ["", "", ""]
        return found

    def clock_moved(self) -> None:
        """What has become due happens before the control call is answered."""
        run_due(self.account)

    def admit(self, call: Call) -> Reply | None:
        """Key, version, throttle."""
        call.notes["request_id"] = new_id("request")
        self.account.base = f"http://{call.headers.get('host', '127.0.0.1:8015')}"
        version = call.headers.get("stripe-version", account.DEFAULT_VERSION)
        given = _given_key(call)
        if given != self.desk.settings.text("api_key"):
            return refused(_unauthorized(given))
        if not VERSION.fullmatch(version) or version > account.DEFAULT_VERSION:
            return refused(Refused(f"Invalid Stripe API version: {version}"))
        limit = int(self.desk.settings.number("rate_limit_per_second"))
        if limit and not self._window.take(given, limit).allowed:
            return self.throttled(call, 1)
        return None

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Every answer names its request, the version and the key it was given."""
        extra = {"Request-Id": str(call.notes["request_id"]), "Stripe-Version": account.DEFAULT_VERSION}
        for header in ("Stripe-Version", "Idempotency-Key"):
            if header.lower() in call.headers:
                extra[header] = call.headers[header.lower()]
        return replace(reply, headers={**extra, **reply.headers})

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """429 that may be tried again."""
        del call, retry_after
        return _limited(should_retry=True)

    def failed(self, call: Call, status: int) -> Reply:
        """An error of Stripe's own, with its body."""
        del call
        error = internal_error()
        error.status = status
        return refused(error)

    async def vendor_fault(self, rule: FaultRule, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """`internal_error*` are remembered by the idempotency key, `slow` holds it while executing."""
        match rule.kind:
            case "internal_error" | "internal_error_after":
                call.notes["broken"] = "after" if rule.kind.endswith("after") else "before"
                return await execute()
            case "slow":
                call.notes["seconds"] = rule.seconds
                return await execute()
            case "rate_limited":
                return _limited(should_retry=bool(rule.extra.get("should_retry", False)))
            case "forbidden":
                return refused(Refused(FORBIDDEN, status=403))
            case _:
                return refused(Refused(LOCKED, status=429, code="lock_timeout"), should_retry=True)

    def report(self, *, summary: bool) -> JsonObject:
        """The books of the account."""
        run_due(self.account)
        return report(self.account, summary=summary)

    def _handler(self, entry: Route) -> Handler:
        return lambda call: self.api.answer(entry, call)


def _given_key(call: Call) -> str:
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return value if scheme.lower() == "bearer" else ""


def _unauthorized(given: str) -> Refused:
    if not given:
        return Refused(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
            "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    return Refused(f"Invalid API Key provided: {given[:8]}{'*' * 8}{given[-4:]}", status=401)


def _limited(*, should_retry: bool) -> Reply:
    reply = refused(Refused(LIMITED, status=429, code="rate_limit"), should_retry)
    return replace(reply, headers={**reply.headers, "Stripe-Rate-Limited-Reason": "global-rate"})


def _unknown(call: Call) -> Reply:
    return refused(
        Refused(
            f"Unrecognized request URL ({call.method}: {call.path}). Please see https://stripe.com/docs.", status=404
        )
    )
