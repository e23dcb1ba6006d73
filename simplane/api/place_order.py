"""POST /api/v1/orders, served before Django (docs/adr/0014): read, check the form, let the SQL decide, answer.

201 the order; 200 is never sent. A repeated Idempotency-Key is answered with the first answer and
`Idempotent-Replayed: true`. Everything else is a problem of `api/problems.py`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import psycopg
from django.conf import settings
from msgspec import Meta, Struct

from simplane.api import problems
from simplane.core import jobs
from simplane.core.addresses import source_ip
from simplane.core.batches import Connection, NotDone
from simplane.core.ids import new_id
from simplane.core.log import logger
from simplane.core.metrics import API_ORDERS
from simplane.ordering.placing import MOST_LINES, MOST_UNITS, LineWanted, OrderWanted, Placed, place, place_one
from simplane.organizations.keys import hash_of

log = logger(__name__)
PATH = "/api/v1/orders"
MOST_BYTES = 256 * 1024
Environ = dict[str, Any]
Headers = list[tuple[str, str]]
_CLEAN = r"^[^\x00-\x1f\x7f]+$"
Text = Annotated[str, Meta(min_length=1, max_length=80, pattern=_CLEAN)]


class LineIn(Struct, forbid_unknown_fields=True, frozen=True):
    """So many eSIMs of a product."""

    sku: Text
    quantity: Annotated[int, Meta(ge=1, le=MOST_UNITS)] = 1
    max_price_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    quote: Annotated[str, Meta(min_length=1, max_length=32, pattern=_CLEAN)] | None = None


class RecipientIn(Struct, forbid_unknown_fields=True, frozen=True):
    """Who gets the eSIM by mail."""

    email: Annotated[str, Meta(max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$")]
    name: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    locale: Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"


class OrderIn(Struct, forbid_unknown_fields=True, frozen=True):
    """The body. A price is never sent, only the most it may be."""

    lines: Annotated[list[LineIn], Meta(min_length=1, max_length=MOST_LINES)]
    reference: Text | None = None
    recipient: RecipientIn | None = None


class _Refused(Exception):
    def __init__(self, code: str, detail: str = "", extra: dict[str, Any] | None = None) -> None:
        self.code, self.detail, self.extra = code, detail, extra
        super().__init__(code)


_decoder = msgspec.json.Decoder(OrderIn)
_own = threading.local()


def serve(environ: Environ) -> tuple[str, Headers, Iterable[bytes]]:
    """Status line, headers and body of the answer to one request."""
    rid = new_id("req")
    headers: Headers = []
    try:
        placed = _place(_read(environ, rid))
        status, body, code = _answer(placed, headers)
    except _Refused as refused:
        status, body = problems.render(refused.code, rid, detail=refused.detail, extra=refused.extra)
        code = refused.code
    except NotDone as problem:
        log.error("order.not_confirmed", problem=str(problem), request_id=rid)
        status, body = problems.render("unavailable", rid)
        code = "unavailable"
    API_ORDERS.labels(code).inc()
    headers += _headers(status, code, len(body), rid)
    return f"{status} {HTTPStatus(status).phrase}", headers, [body]


def _headers(status: int, code: str, length: int, rid: str) -> Headers:
    kind = problems.CONTENT_TYPE if status >= 400 else "application/json"
    made = [("Content-Type", kind), ("Content-Length", str(length)), ("Request-Id", rid), ("Cache-Control", "no-store")]
    if code == "unauthorized":
        made.append(("WWW-Authenticate", 'Bearer realm="simplane"'))
    if status in (429, 503):
        made.append(("Retry-After", "1"))
    return made


def _answer(placed: Placed, headers: Headers) -> tuple[int, bytes, str]:
    if placed.body is None or placed.status is None:
        raise _Refused(placed.code, extra=placed.detail)
    if placed.code == "replayed":
        headers.append(("Idempotent-Replayed", "true"))
    return placed.status, msgspec.json.format(placed.body.encode(), indent=0), placed.code


def _place(order: OrderWanted) -> Placed:
    return _alone(order) if settings.SIMPLANE.order_batch == 1 else place(order)


def _alone(order: OrderWanted) -> Placed:
    """One commit an order, on a connection of this thread."""
    connection: Connection | None = getattr(_own, "connection", None)
    try:
        if connection is None or connection.closed:
            connection = psycopg.connect(**jobs.connection_parameters(), autocommit=True, prepare_threshold=1)
            _own.connection = connection
        placed = place_one(connection, order)
    except psycopg.Error as error:
        if connection is not None:
            connection.close()
        raise NotDone(type(error).__name__) from error
    jobs.wake_workers("supplier")
    return placed


def _read(environ: Environ, rid: str) -> OrderWanted:
    if environ.get("REQUEST_METHOD") != "POST":
        raise _Refused("method_not_allowed")
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _Refused("unauthorized")
    wanted = _parsed(_body(environ))
    key = _key(environ)
    who = wanted.recipient
    return OrderWanted(
        key_hash=hash_of(secret.strip()),
        address=source_ip(environ) or "0.0.0.0",  # noqa: S104  no address is known on a socket file
        idempotency_key=key,
        # Of what was said, not of its spelling: another order of fields or spaces is the same request.
        request_hash=hashlib.sha256(b"POST /api/v1/orders\n" + msgspec.json.encode(wanted)).digest(),
        public_id=new_id("ord"),
        lines=tuple(LineWanted(one.sku, one.quantity, one.max_price_minor, one.quote) for one in wanted.lines),
        reference=wanted.reference,
        email=who.email.lower() if who else "",
        name=who.name if who else "",
        locale=who.locale if who else "en",
        request_id=rid,
    )


def _key(environ: Environ) -> str:
    key: str = environ.get("HTTP_IDEMPOTENCY_KEY", "")
    if not key:
        raise _Refused("idempotency_key_missing")
    if len(key) > 255 or not key.isascii() or not key.isprintable():
        raise _Refused("idempotency_key_bad")
    return key


def _body(environ: Environ) -> bytes:
    declared = environ.get("CONTENT_LENGTH") or ""
    if not declared.isdigit():
        raise _Refused("length_required")
    if int(declared) > MOST_BYTES:
        raise _Refused("too_large")
    raw: bytes = environ["wsgi.input"].read(int(declared))
    if len(raw) < int(declared):
        raise _Refused("bad_json", "the body ended early")
    return raw


def _parsed(raw: bytes) -> OrderIn:
    try:
        wanted = _decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _Refused("bad_request", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Refused("bad_json", str(error)[:200]) from None
    units = sum(line.quantity for line in wanted.lines)
    if units > MOST_UNITS:
        raise _Refused("bad_request", f"{units} eSIMs in one order, at most {MOST_UNITS}: split it")
    return wanted
