"""A partner of the 1GLOBAL stand-in: calls its API with a token, every answer held against the published document."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from sandbox.oneglobal.auth import TOKEN_PATH
from tests.specs import Contract, load_spec
from tests.standins import Standin, start

ACCOUNT = "acc_01JPX5Y7Z00000000000000001"
CREDENTIALS = {"client_id": "1g_sandbox_client", "client_secret": "1g_sandbox_secret_0001"}
SETTINGS = {"ready_after_ms": 0, "rate_limit_per_minute": 0}
ADDRESS = {"line1": "1 Main Street", "city": "London", "country": "GB"}
Json = dict[str, Any]


def offering(number: int) -> str:
    """A name in the default catalogue: 1 to 5 business plans, 6 add-on of the first two, 8 to 11 Spain."""
    return f"prdoff_01JPX5Y7Z0{number:016d}"


def contract() -> Contract:
    """The published document, with the links that its own samples hold, and open where it says nothing."""
    document = _open(load_spec("suppliers", "1global", "connect-2026-02-05.condensed.openapi.json"))
    for name in ("Account", "Order"):
        document["components"]["schemas"][name]["properties"] |= {"_links": {"type": "object"}}
    return Contract(document)


def _open(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_open(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _open(value) for key, value in schema.items() if (key, value) != ("properties", {})}


class Partner:
    """`standin` is the process behind it."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.http = httpx2.Client(base_url=standin.url, timeout=30, trust_env=False)
        self._contract = contract()
        self._paths = load_spec("suppliers", "1global", "connect-2026-02-05.condensed.openapi.json")["paths"]

    def forget(self) -> None:
        """Empty books, default settings but no delay and no limit, a new token."""
        self.standin.control("reset", "POST", settings=True)
        self.standin.settings(**SETTINGS)
        self.renew()

    def renew(self) -> None:
        """Ask for a token as the vendor documents it."""
        answer = self.http.post(TOKEN_PATH, data={"grant_type": "client_credentials", **CREDENTIALS})
        assert answer.status_code == 200, answer.text
        self.http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, body: object = None, key: str = "") -> httpx2.Response:
        """One call; its answer keeps to the published document."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.http.request(method, f"/connect{path}", json=body, headers=headers)
        bare = path.partition("?")[0]
        template = next(
            one
            for one in self._paths
            if method.lower() in self._paths[one] and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", one), bare)
        )
        if str(answer.status_code) in self._paths[template][method.lower()]["responses"]:
            kind = answer.headers["content-type"]
            self._contract.check(method, template, answer.status_code, kind, answer.json())
        return answer

    def get(self, path: str) -> Json:
        """What a GET brings."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def post(self, path: str, body: object = None, key: str = "") -> Json:
        """What a POST brings."""
        answer = self.call("POST", path, body, key)
        assert answer.status_code in (200, 201), answer.text
        found: Json = answer.json()
        return found

    def refusal(self, path: str, body: object = None, key: str = "") -> tuple[int, str]:
        """Status and pointer, code or text of a refused POST."""
        answer = self.call("POST", path, body, key)
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        first = (said.get("errors") or [{}])[0]
        return answer.status_code, first.get("pointer") or first.get("code") or said.get("detail") or said["title"]

    def activation(self, number: int = 1, **more: Any) -> Json:
        """The body of an order of a new line, with a subscriber of its own."""
        who = {"account_id": ACCOUNT, "first_name": "Ada", "last_name": "Lovelace", "address": ADDRESS}
        subscriber = self.post("/subscribers", who)["id"]
        products = {"plan": {"product_offering_id": offering(number)}}
        return {
            "type": "activate_subscription",
            "subscriber_id": subscriber,
            "purchase_location": "GB",
            "sim_profile": {"sim_type": "esim"},
            "products": products,
        } | more

    def line(self, number: int = 1, **more: Any) -> str:
        """A new line; its id."""
        order = self.post("/orders", self.activation(number, **more))
        found: str = self.get(f"/orders/{order['id']}")["_embedded"]["subscription"]["id"]
        return found

    def order(self, kind: str, line: str, **more: Any) -> Json:
        """An order about a line, as it stands right afterwards."""
        taken = self.post("/orders", {"type": kind, "subscription_id": line} | more)
        return self.get(f"/orders/{taken['id']}")

    def products(self, line: str) -> list[Json]:
        """Products of a line, oldest first."""
        found: list[Json] = self.get(f"/products?subscription={line}&limit=40")["_embedded"]["products"]
        return found

    def move(self, line: str, to: str, **fields: Any) -> Any:
        """Let something happen to a line."""
        return self.standin.control(f"lines/{line}/advance", to=to, **fields)


@contextmanager
def partner_of(folder: Path) -> Iterator[Partner]:
    """A stand-in of its own and its partner."""
    with start("oneglobal", folder) as standin:
        partner = Partner(standin)
        try:
            yield partner
        finally:
            partner.http.close()
