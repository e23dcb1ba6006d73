"""A caller of the Stripe stand-in: the official library, whose every answer is held against the published files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import stripe
from jsonschema import Draft202012Validator

from tests.specs import load_spec
from tests.standins import Standin, start

API_KEY = "sk_test_sandbox_not_real"
SECRET = "whsec_sandbox_not_real"
RETURN_URL = "https://shop.example/back"
HOUR, DAY = 3600, 86_400
TYPES: dict[str, Any] = {
    "payment_intent": stripe.PaymentIntent,
    "setup_intent": stripe.SetupIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "payout": stripe.Payout,
    "balance_transaction": stripe.BalanceTransaction,
    "balance": stripe.Balance,
    "customer": stripe.Customer,
    "payment_method": stripe.PaymentMethod,
    "checkout.session": stripe.checkout.Session,
    "event": stripe.Event,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
EXPANDABLE = (
    "customer",
    "charge",
    "payment_intent",
    "latest_charge",
    "balance_transaction",
    "payment_method",
    "source",
    "setup_intent",
)
# Values that are newer than the OpenAPI file; the enums file of 2026 has them.
NEWER = frozenset(("cancellation_reason",))
Json = dict[str, Any]


class Published:
    """Field names as the library of 2026 knows them, shapes as the OpenAPI file of 2022, values as the enums file."""

    def __init__(self) -> None:
        document = load_spec("channels", "stripe", "stripe_v1_trimmed.openapi3.json")
        self._schemas = {name: _nullable(schema) for name, schema in document["components"]["schemas"].items()}
        self._enums = load_spec("channels", "stripe", "enums_and_event_types_2026-10-28.endive.json")["enums"]
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, answer: Json) -> None:
        """Raises AssertionError when an object of the answer is not as published."""
        if "error" in answer:
            self._hold("error", answer)
            return
        kind = answer.get("object", "")
        if kind in ("list", "search_result"):
            for entry in answer["data"]:
                self.check(entry)
        elif kind in TYPES and not answer.get("deleted"):
            self._check_object(kind, answer)

    def _check_object(self, kind: str, answer: Json) -> None:
        unknown = answer.keys() - TYPES[kind].__annotations__.keys()
        assert not unknown, f"{kind} has no fields {sorted(unknown)}"
        flat = dict(answer)
        for field in EXPANDABLE:
            if isinstance(answer.get(field), dict):
                self.check(answer[field])
                flat[field] = answer[field]["id"]
        if kind == "event":
            self.check(answer["data"]["object"])
        for field, allowed in self._enums.items():
            owner, _, name = field.removesuffix("(doc)").rpartition(".")
            assert owner != kind or answer.get(name) in (None, *allowed), f"{field} is {answer.get(name)}"
        self._hold(kind, flat)

    def _hold(self, kind: str, answer: Json) -> None:
        if kind not in self._schemas:
            return
        if kind not in self._validators:
            reference = {"$ref": f"#/components/schemas/{kind}", "components": {"schemas": self._schemas}}
            self._validators[kind] = Draft202012Validator(reference)
        errors = self._validators[kind].iter_errors(answer)
        found = [f"{error.json_path}: {error.message}" for error in errors if not NEWER & {*error.absolute_path}]
        assert not found, f"{kind}: {found[:5]}"


def _nullable(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_nullable(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _nullable(value) for key, value in schema.items()}
    return {"anyOf": [result, {"type": "null"}]} if schema.get("nullable") is True else result


class CheckingClient(stripe.RequestsClient):
    """The library's own HTTP client; it keeps the headers of the last answer and checks every body."""

    def __init__(self, published: Published) -> None:
        super().__init__()
        self._published = published
        self.last: Json = {}

    def request_with_retries(self, *args: Any, **kwargs: Any) -> Any:
        """One call of the library."""
        body, status, headers = super().request_with_retries(*args, **kwargs)
        self.last = {"status": status, "headers": {name.lower(): value for name, value in headers.items()}}
        self._published.check(json.loads(body))
        return body, status, headers


class Caller:
    """`api` is the library's client, `raw` bare HTTP; the rest are shortcuts of the tests."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.http = CheckingClient(Published())
        self.api = self.client()
        # Tests that look at bare HTTP share one client: making one is slow.
        self.raw = httpx2.Client(base_url=standin.url, timeout=30, trust_env=False)

    def client(self, key: str = API_KEY, retries: int = 0, **options: Any) -> stripe.StripeClient:
        """Another client of the same account."""
        return stripe.StripeClient(
            key,
            base_addresses={"api": self.standin.url},
            max_network_retries=retries,
            http_client=self.http,
            **options,
        )

    def forget(self) -> None:
        """Empty books, default settings, real time."""
        self.standin.control("reset", "POST", settings=True)

    def pay(self, amount: int = 5000, method: str = "pm_card_visa", *, key: str | None = None, **more: Any) -> Any:
        """A payment made and confirmed in one call."""
        params = {
            "amount": amount,
            "currency": "eur",
            "payment_method": method,
            "confirm": True,
            "return_url": RETURN_URL,
            **more,
        }
        return self.api.v1.payment_intents.create(params, {"idempotency_key": key} if key else {})  # type: ignore[arg-type]

    def event_types(self) -> list[str]:
        """Types of all events, oldest first."""
        return [str(event.type) for event in self.api.v1.events.list({"limit": 100}).data][::-1]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.standin.control("clock", advance_seconds=seconds)

    def movements(self, source: str) -> list[tuple[str, int, int, int]]:
        """Balance transactions of one object, oldest first: type, amount, fee, net."""
        found = self.api.v1.balance_transactions.list({"source": source, "limit": 100}).data[::-1]
        return [(entry.type, entry.amount, entry.fee, entry.net) for entry in found]


@contextmanager
def calling(tmp_path: Path) -> Iterator[Caller]:
    """A stand-in and a caller."""
    with start("stripe", tmp_path) as standin:
        caller = Caller(standin)
        try:
            yield caller
        finally:
            caller.raw.close()
            caller.http.close()  # type: ignore[no-untyped-call]
