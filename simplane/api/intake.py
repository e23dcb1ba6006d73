"""Webhooks in: a bare WSGI callable in front of Django. Read the bytes, check them, store them, answer; work comes later.

/webhooks/shopify/<shop>, /webhooks/stripe/<account>, /webhooks/suppliers/<supplier>/<token>, /webhooks/mail/<token>,
/api/v1/providers/1global/webhook.
Answers: 200 stored (or a repeat), 401 not genuine, 404 no such address, 405, 408, 411 or 413 not acceptable, 503 not
stored: the sender tries again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from simplane.api import place_order
from simplane.api.express import Begun, Environ, Headers, Reply
from simplane.channels import intake as shops
from simplane.core import store
from simplane.core.addresses import source_ip
from simplane.core.batches import NotDone
from simplane.core.log import logger
from simplane.core.metrics import count_webhook
from simplane.core.store import Delivery
from simplane.delivery import bounces
from simplane.payments import intake as payments
from simplane.suppliers import intake as suppliers

log = logger(__name__)
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
WSGI = Callable[[Environ, StartResponse], Iterable[bytes]]
PREFIX = "/webhooks/"
SHOPS = "/webhooks/shopify/"
VENDORS = {"/api/v1/providers/1global/webhook": "oneglobal"}
"""Addresses without a token, of vendors whose deliveries carry credentials that we gave them for an account."""
STORED = 200, b"ok\n"
_REASONS = {
    200: "200 OK",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    408: "408 Request Timeout",
    411: "411 Length Required",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}
_KEPT = frozenset({"user-agent", "content-type", "x-signature-sha256"})


def with_fast_lane(django: WSGI) -> WSGI:
    """Wrap Django's application: webhooks are served here, everything else there."""

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path == place_order.PATH and environ.get("REQUEST_METHOD") != "GET":
            line, headers, body = place_order.serve(environ)
            start_response(line, headers)
            return [body]
        if not path.startswith(PREFIX) and path not in VENDORS:
            return django(environ, start_response)
        line, headers, text = _answer(path, *_serve(path, environ))
        start_response(line, headers)
        return [text]

    setattr(application, "start", start)  # noqa: B010  where the server looks for it (api/express.py)
    return application


def start(environ: Environ, reply: Reply) -> Begun | None:
    """Begin a request that needs no thread: an order, or a delivery that is surely a known shop's."""
    path: str = environ["PATH_INFO"]
    if path == place_order.PATH:
        return place_order.start(environ, reply)
    if not path.startswith(SHOPS):
        return None
    raw: bytes = environ["wsgi.input"].getvalue()
    found = shops.verify_known(path.removeprefix(SHOPS).rstrip("/"), _named(environ), raw)
    if found is None:
        return None

    def tell(_: bool | None, problem: BaseException | None) -> None:
        reply(lambda: _answer(path, *(_not_stored(path, problem) if problem else STORED)))

    return Begun(store.put_and_tell(_of_shop(found, raw), tell), store.WAIT_SECONDS)


def _answer(path: str, status: int, text: bytes) -> tuple[str, Headers, bytes]:
    count_webhook("/webhooks/suppliers" if path in VENDORS else path, status)
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    if status == 503:
        headers.append(("Retry-After", "30"))
    return _REASONS[status], headers, text


def _serve(path: str, environ: Environ) -> tuple[int, bytes]:
    if environ.get("REQUEST_METHOD") == "HEAD":
        return 200, b""
    if environ.get("REQUEST_METHOD") != "POST":
        return 405, b"send a POST\n"
    raw, refusal = _body(environ)
    if refusal:
        return refusal
    try:
        found = _check(path, environ, raw)
        if isinstance(found, tuple):
            return found
        store.put(found)
    except (NotDone, DatabaseError) as problem:
        return _not_stored(path, problem)
    return STORED


def _not_stored(path: str, problem: BaseException) -> tuple[int, bytes]:
    """5xx: the sender keeps the delivery and tries again; reconciliation closes what is left."""
    log.error("webhook.not_stored", path=path, problem=type(problem).__name__)
    return 503, b"not stored, send it again\n"


def _body(environ: Environ) -> tuple[bytes, tuple[int, bytes] | None]:
    most: int = settings.SIMPLANE.max_webhook_bytes
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared and not declared.isdigit():
        return b"", (400, b"Content-Length is no number\n")
    if declared and int(declared) > most:
        return b"", (413, b"too large\n")
    if not declared and not environ.get("wsgi.input_terminated"):
        return b"", (411, b"send a Content-Length\n")
    wanted = int(declared) if declared else most + 1
    try:
        raw: bytes = environ["wsgi.input"].read(wanted)
    except OSError:
        return b"", (408, b"the body did not come in time\n")
    if declared and len(raw) < wanted:
        return b"", (400, b"the body ended early\n")
    return (b"", (413, b"too large\n")) if len(raw) > most else (raw, None)


def _check(path: str, environ: Environ, raw: bytes) -> Delivery | tuple[int, bytes]:
    if "\0" in path:
        return 404, b"no such address\n"
    close_old_connections()
    headers, parts = _named(environ), path.removeprefix(PREFIX).rstrip("/").split("/")
    if path in VENDORS:
        found = suppliers.verify_vendor(VENDORS[path], headers, raw, source_ip(environ))
        return _of_supplier(found, VENDORS[path], headers, raw)
    if len(parts) == 2 and parts[0] == "shopify":
        return _shop(parts[1], headers, raw)
    if len(parts) == 2 and parts[0] == "stripe":
        return _payment(parts[1], headers, raw)
    if len(parts) == 3 and parts[0] == "suppliers":
        found = suppliers.verify(parts[1], parts[2], headers, raw, source_ip(environ))
        return _of_supplier(found, parts[1], headers, raw)
    if len(parts) == 2 and parts[0] == "mail":
        return _bounce(parts[1], raw)
    return 404, b"no such address\n"


def _named(environ: Environ) -> dict[str, str]:
    return {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}


def _bounce(token: str, raw: bytes) -> Delivery | tuple[int, bytes]:
    """A mail that came back, as our mail server hands it on (raw RFC 822): unsigned, so the address is the key."""
    if not hmac.compare_digest(token.encode(), bounces.intake_token().encode()):
        return 404, b"no such address\n"
    return Delivery("mail", "bounce", hashlib.sha256(raw).hexdigest(), "bounce", {}, raw, False)


def _shop(key: str, headers: dict[str, str], raw: bytes) -> Delivery | tuple[int, bytes]:
    found = shops.verify(key, headers, raw)
    if isinstance(found, shops.Refused):
        log.warning("webhook.refused", shop=key, reason=found.reason, length=len(raw))
        return found.status, b"refused\n"
    return _of_shop(found, raw)


def _of_shop(found: shops.Intake, raw: bytes) -> Delivery:
    return Delivery("shopify", found.account, found.delivery_id, found.topic, found.headers_to_store, raw, True)


def _payment(key: str, headers: dict[str, str], raw: bytes) -> Delivery | tuple[int, bytes]:
    found = payments.verify(key, headers, raw)
    if isinstance(found, payments.Refused):
        log.warning("webhook.refused", stripe=key, reason=found.reason, length=len(raw))
        return found.status, b"refused\n"
    return Delivery("stripe", found.account, found.delivery_id, found.topic, found.headers_to_store, raw, True)


def _of_supplier(
    found: suppliers.Genuine | suppliers.Refused, name: str, headers: dict[str, str], raw: bytes
) -> Delivery | tuple[int, bytes]:
    if isinstance(found, suppliers.Refused):
        log.warning("webhook.refused", supplier=name, reason=found.reason, length=len(raw))
        return found.status, b"refused\n"
    kept = {name: value for name, value in headers.items() if name in _KEPT}
    return Delivery("supplier", found.account, found.delivery_id, found.topic, kept, raw, found.trusted)
