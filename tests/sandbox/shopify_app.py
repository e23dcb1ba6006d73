"""An app installed in a shop of the Shopify stand-in: calls its Admin API and sells things by its control API."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.standins import Received, Standin, start

SHOP = "demo-shop.myshopify.com"
CLIENT_ID = "demo-client-id"
SECRET = "demo-shopify-secret-not-real"
OPERATIONS = Path(__file__).with_name("shopify_operations.graphql").read_text(encoding="utf-8")
ESIM: dict[str, Any] = {"sku": "ESIM-EU-5GB-30D", "title": "Europe 5 GB / 30 days", "price": "19.00", "quantity": 2}
CASE: dict[str, Any] = {"sku": "CASE-15-BLK", "title": "Phone case", "price": "12.50", "requires_shipping": True}
HOUR = 3600
PATIENCE_SECONDS = 20

Json = dict[str, Any]


class App:
    """`ask` runs one of the named operations and returns its data; `sell` places orders."""

    def __init__(self, standin: Standin, shop: str = SHOP) -> None:
        self.standin = standin
        self.shop = shop
        self.client = httpx2.Client(base_url=f"{standin.url}/shops/{shop}", timeout=30, trust_env=False)
        self.token = ""

    def forget(self) -> None:
        """Empty books, default settings, nothing throttled; a new token."""
        self.standin.control("reset", "POST", settings=True)
        self.standin.settings(bucket_size=0)
        self.token = self.grant().json()["access_token"]

    def grant(self, **changes: Any) -> httpx2.Response:
        """Ask for a token."""
        body = {"client_id": CLIENT_ID, "client_secret": SECRET, "grant_type": "client_credentials", **changes}
        return self.client.post("/admin/oauth/access_token", json=body)

    def post(self, body: Json, version: str = "2026-10") -> httpx2.Response:
        """One GraphQL request as HTTP answers it."""
        headers = {"X-Shopify-Access-Token": self.token}
        return self.client.post(f"/admin/api/{version}/graphql.json", json=body, headers=headers)

    def run(self, name: str, **variables: Any) -> Json:
        """One named operation: the whole answer."""
        answer = self.post({"query": OPERATIONS, "operationName": name, "variables": variables})
        assert answer.status_code == 200, answer.text
        parsed: Json = answer.json()
        return parsed

    def ask(self, name: str, **variables: Any) -> Any:
        """One named operation that must succeed: what its first field brings."""
        answer = self.run(name, **variables)
        assert "errors" not in answer, answer["errors"]
        return next(iter(answer["data"].values()))

    def do(self, name: str, **variables: Any) -> Any:
        """A mutation that must succeed without user errors."""
        payload = self.ask(name, **variables)
        assert payload.get("userErrors", payload.get("orderCancelUserErrors")) == []
        return payload

    def refused(self, name: str, **variables: Any) -> str:
        """The message of the only user error of a refused mutation."""
        payload = self.ask(name, **variables)
        errors = payload.get("userErrors") or payload.get("orderCancelUserErrors")
        assert len(errors) == 1, payload
        message: str = errors[0]["message"]
        return message

    def control(self, path: str, method: str | None = None, **body: Any) -> Any:
        """A control route of this shop."""
        return self.standin.control(f"shops/{self.shop}/{path}", method, **body)

    def sell(self, *lines: Json, **wanted: Any) -> int:
        """One order; its id."""
        number: int = self.control("orders", "POST", lines=list(lines or (ESIM,)), **wanted)["ids"][0]
        return number

    def order(self, number: int) -> Json:
        """The order by GraphQL."""
        found: Json = self.ask("Order", id=gid(number))
        return found

    def act(self, number: int, deed: str, /, **wanted: Any) -> Json:
        """What a merchant or a buyer does to an order; the order as the books show it."""
        shown: Json = self.control(f"orders/{number}/{deed}", "POST", **wanted)["order"]
        return shown

    def refuses(self, number: int, deed: str, /, **wanted: Any) -> str:
        """The text with which the control API refuses a deed."""
        path = f"{self.standin.url}/_control/shops/{self.shop}/orders/{number}/{deed}"
        answer = self.client.post(path, json=wanted)
        assert answer.status_code == 400, answer.text
        text: str = answer.json()["error"]
        return text


def settled(app: App, **states: int) -> None:
    """Wait until the deliveries are as said: due, sent, failed."""
    wanted = {"due": 0, "sent": 0, "failed": 0, **states}
    wait_for(lambda: app.control("deliveries"), lambda found: bool(found == wanted))


def wait_for(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Look again until it is good; fails the test when it never is."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if good(found):
            return found
    raise AssertionError(f"waited in vain; last seen: {found}")


def gid(number: int, kind: str = "Order") -> str:
    """A GraphQL id."""
    return f"gid://shopify/{kind}/{number}"


def signature(body: bytes, secret: str = SECRET) -> str:
    """Computed as the published scheme says."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def signed_with(webhook: Received, secret: str = SECRET) -> bool:
    """Does the HMAC fit the raw body?"""
    return hmac.compare_digest(webhook.headers["x-shopify-hmac-sha256"], signature(webhook.body, secret))


def topic(webhook: Received) -> str:
    """What it is about."""
    return webhook.headers["x-shopify-topic"]


@contextmanager
def app_of(folder: Path) -> Iterator[App]:
    """A running stand-in with the app installed in its demo shop."""
    with start("shopify", folder) as standin:
        app = App(standin)
        app.forget()
        yield app
        app.client.close()
