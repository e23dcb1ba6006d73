"""What a caller sends to POST /api/v1/orders, read and checked for its form. What it means is for the SQL to decide."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from simplane.api.problems import Refused
from simplane.core.addresses import source_ip
from simplane.core.ids import new_id
from simplane.delivery.mime import NOT_A_NAME, usable
from simplane.ordering.placing import MOST_LINES, MOST_UNITS, LineWanted, OrderWanted
from simplane.organizations.keys import hash_of

MOST_BYTES = 256 * 1024
Environ = dict[str, Any]
# Ends with \Z: Python's $ lets a line end pass. The document says $, which is the end in JSON Schema.
_CLEAN = r"^[^\x00-\x1f\x7f]+\Z"
_NAME = f"^(?![^\\x00]*(?:{NOT_A_NAME.pattern}))"
"""It is greeted in a mail to whomever the caller names."""
Text = Annotated[str, Meta(min_length=1, max_length=80, pattern=_CLEAN)]


class LineIn(Struct, forbid_unknown_fields=True, frozen=True):
    """So many eSIMs of a product."""

    sku: Text
    quantity: Annotated[int, Meta(ge=1, le=MOST_UNITS)] = 1
    max_price_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    quote: Annotated[str, Meta(min_length=1, max_length=32, pattern=_CLEAN)] | None = None


class RecipientIn(Struct, forbid_unknown_fields=True, frozen=True):
    """Who gets the eSIM by mail."""

    email: Annotated[str, Meta(max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+\Z")]
    name: Annotated[str, Meta(max_length=200, pattern=_NAME)] = ""
    locale: Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?\Z")] = "en"


class OrderIn(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """The body. A price is never sent, only the most it may be."""

    lines: Annotated[list[LineIn], Meta(min_length=1, max_length=MOST_LINES)]
    reference: Text | None = None
    recipient: RecipientIn | None = None
    test_fault: Literal["timeout", "refusal", "late", "low_data"] | None = None


_decoder = msgspec.json.Decoder(OrderIn)


def read(environ: Environ, rid: str, *, dry: bool = False) -> OrderWanted:
    """The order asked for. A dry one needs no key and can not be repeated. Raises Refused."""
    if environ.get("REQUEST_METHOD") != "POST":
        raise Refused("method_not_allowed")
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Refused("unauthorized")
    wanted = _parsed(_body(environ))
    key = rid if dry else _key(environ)
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
        test_fault=wanted.test_fault or "",
    )


def _key(environ: Environ) -> str:
    key: str = environ.get("HTTP_IDEMPOTENCY_KEY", "")
    if not key:
        raise Refused("idempotency_key_missing")
    if len(key) > 255 or not key.isascii() or not key.isprintable():
        raise Refused("idempotency_key_bad")
    return key


def _body(environ: Environ) -> bytes:
    declared = environ.get("CONTENT_LENGTH") or ""
    if not declared.isdigit():
        raise Refused("length_required")
    if int(declared) > MOST_BYTES:
        raise Refused("too_large")
    raw: bytes = environ["wsgi.input"].read(int(declared))
    if len(raw) < int(declared):
        raise Refused("bad_json", "the body ended early")
    return raw


def _parsed(raw: bytes) -> OrderIn:
    try:
        wanted = _decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Refused("bad_request", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("bad_json", str(error)[:200]) from None
    if wanted.recipient and not usable(wanted.recipient.email):
        raise Refused("bad_request", "no mail can be sent there, it reads name@example.com - at `$.recipient.email`")
    units = sum(line.quantity for line in wanted.lines)
    if units > MOST_UNITS:
        raise Refused("bad_request", f"{units} eSIMs in one order, at most {MOST_UNITS}: split it")
    return wanted
