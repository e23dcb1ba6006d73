"""A reseller's program that calls the API in this process, through the front row and Django alike."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.signals import request_started
from django.db import close_old_connections

from simplane.catalog.models import Price, Product, Terms
from simplane.config.wsgi import application
from simplane.core import clock
from simplane.core.db import transaction
from simplane.ledger.actions import open_wallet
from simplane.organizations.keys import SCOPES, create_key
from simplane.organizations.models import Organization
from tests import factories
from tests.companies import company
from tests.ledger.money import funded

BASE = "/api/v1"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The JSON object of the body."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def code(self) -> str:
        """Of a problem."""
        return str(self.told["code"])


@dataclass
class Program:
    """Calls with a key. `headers` go with every call."""

    organization: Organization
    secret: str
    headers: dict[str, str] = field(default_factory=dict)
    address: str = "203.0.113.7"

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Answer:
        wanted = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", path, body=body, headers=wanted | ({"Idempotency-Key": key} if key else {}))

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret}"}
        sent |= self.headers | (headers or {})
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path if path.startswith("/api") else BASE + path,
            "QUERY_STRING": urlencode(query or {}),
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "CONTENT_TYPE": sent.pop("Content-Type"),
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.items() if value},
        }
        got: list[Any] = []
        with connection_kept():
            answer = b"".join(application(environ, lambda line, found: got.extend([line, found])))
        return Answer(int(got[0].split()[0]), dict(got[1]), answer)


@contextmanager
def connection_kept() -> Iterator[None]:
    """As Django's own test client: the beginning of a request must not end the transaction of the test."""
    request_started.disconnect(close_old_connections)
    try:
        yield
    finally:
        request_started.connect(close_old_connections)


def program(minor: int = 100_00, *, currency: str = "EUR", scopes: tuple[str, ...] = SCOPES, **given: Any) -> Program:
    """A reseller with money in its wallet and a key that is not slowed down."""
    owner = factories.organization(kind="reseller", **given)
    Terms.objects.create(organization=owner, currency=currency)
    if minor:
        funded(minor, owner=owner, currency=currency)
    else:
        with transaction():
            open_wallet(owner, currency)
    return Program(owner, create_key(owner, "shop", scopes=scopes, rate_per_minute=6_000).secret)


def firm(slug: str = "acme", *, scopes: tuple[str, ...] | None = None) -> Program:
    """A company with a key that is not slowed down."""
    owner = company(slug)
    return Program(owner, create_key(owner, "HR", scopes=scopes, rate_per_minute=6_000).secret)


def sold(sku: str, minor: int = 4_50, *, currency: str = "EUR", **given: Any) -> Product:
    """A product with a list price."""
    product = factories.product(sku=sku, **given)
    yesterday = clock.now() - timedelta(days=1)
    Price.objects.create(product=product, currency=currency, amount_minor=minor, valid_from=yesterday)
    return product
