"""A mail as bytes.

The headers with people's words in them (names, subject) go through `email.message`, which encodes and folds them; the
others are ours and plain. The parts are put together by hand: their headers are constants, and the standard generator
takes 3 ms a mail for them, a third of all work on a delivery.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from simplane.core.errors import BadInput

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
NOT_A_NAME = re.compile(
    r"://|[wW]{3}\.|[<>]|[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]"
)
"""Whoever orders writes names and references into mails to people they choose: no links, no tags, nothing hidden."""
LONGEST_ADDRESS = 254
"""RFC 5321 section 4.5.3.1.3: a path has 256 octets, its brackets among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands in a mail's headers. `at`: when the message was written, the same in a repeat."""

    sender: str
    """`Simplane <esim@simplane.example>`"""
    to: str
    to_name: str
    subject: str
    message_id: str
    language: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG shown in the HTML part as `cid:qr` and attached under a name."""

    png: bytes
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Attached to a mail. `kind`: its media type."""

    content: bytes
    name: str
    kind: str


def one_line(text: str) -> str:
    """Text fit for a header: line ends and control characters, the means to smuggle headers in, become blanks."""
    return _CONTROL.sub(" ", text).strip()


def greeted(name: str) -> str:
    """A name fit to be greeted with: one that carries an address, a tag or hidden characters becomes nobody's."""
    return "" if NOT_A_NAME.search(name) else name


def wire_address(address: str) -> str:
    """An address as SMTP wants it: the domain in ASCII (IDNA). Raises BadInput when it is no address."""
    local, at, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        Address(username=local, domain=ascii_domain)
    except (UnicodeError, ValueError, HeaderParseError, IndexError):
        ascii_domain = ""
    found = f"{local}@{ascii_domain}"
    whole = bool(local and at and ascii_domain) and len(found) <= LONGEST_ADDRESS
    if not whole or _CONTROL.search(address) or re.search(r"[\s<>,]", address.strip()):
        raise BadInput("this is not an e-mail address", fix="it reads name@example.com")
    return found


def usable(address: str) -> bool:
    """Whether mail can be sent there, as far as its writing tells."""
    try:
        wire_address(address)
    except BadInput:
        return False
    return True


def address_in(sender: str) -> str:
    """The bare address of `Simplane <esim@simplane.example>`."""
    return parseaddr(sender)[1]


def build(head: Head, *, text: str, html: str = "", picture: Picture | None = None, file: File | None = None) -> bytes:
    """The whole mail with CRLF line ends, the same bytes for the same input. Without `html` it is plain text alone.

    `picture` goes with `html`, `file` with plain text.
    """
    policy = SMTP if head.to.isascii() else SMTPUTF8
    mail = EmailMessage(policy=policy)
    local, _, domain = head.to.rpartition("@")
    mail["To"] = Address(one_line(head.to_name)[:100], local, domain)
    mail["Subject"] = one_line(head.subject)[:200]
    ours = f"Message-ID: {head.message_id}\r\nDate: {format_datetime(head.at)}\r\nContent-Language: {head.language}\r\n"
    first = _from(head.sender, policy) + _bare(mail) + ours.encode("ascii") + _ALWAYS
    if file is not None:
        return first + _multipart("mixed", _mark(head.message_id, 1), _text_part("plain", text), _file_part(file))
    return first + _body(head.message_id, text, html, picture)


_ALWAYS = b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"


@lru_cache(maxsize=16)
def _from(sender: str, policy: EmailPolicy) -> bytes:
    mail = EmailMessage(policy=policy)
    name, address = parseaddr(sender)
    mail["From"] = Address(one_line(name), addr_spec=address)
    return _bare(mail)


def _bare(mail: EmailMessage) -> bytes:
    """Its headers, without the empty line that ends them."""
    return mail.as_bytes().rstrip(b"\r\n") + b"\r\n"


def _body(seed: str, text: str, html: str, picture: Picture | None) -> bytes:
    plain = _text_part("plain", text)
    if not html:
        return plain
    shown = _text_part("html", html)
    if picture is not None:
        shown = _multipart('related; type="text/html"', _mark(seed, 3), shown, _inline(picture))
    both = _multipart("alternative", _mark(seed, 2), plain, shown)
    return both if picture is None else _multipart("mixed", _mark(seed, 1), both, _attached(picture))


def _multipart(kind: str, mark: str, *parts: bytes) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode()
    line = b"--" + mark.encode()
    return head + b"".join(line + b"\r\n" + part for part in parts) + line + b"--\r\n"


def _text_part(kind: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    head = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head % kind.encode() + binascii.b2a_qp(lines, istext=True) + b"\r\n"


def _inline(picture: Picture) -> bytes:
    return _png_part(b'Content-ID: <qr>\r\nContent-Disposition: inline; filename="qr.png"', picture.png)


def _attached(picture: Picture) -> bytes:
    return _png_part(b'Content-Disposition: attachment; filename="%s"' % picture.file_name.encode("ascii"), picture.png)


def _png_part(head: bytes, png: bytes) -> bytes:
    return _coded_part(b"image/png", head, png)


def _file_part(file: File) -> bytes:
    head = b'Content-Disposition: attachment; filename="%s"' % file.name.encode("ascii")
    return _coded_part(file.kind.encode("ascii"), head, file.content)


def _coded_part(kind: bytes, head: bytes, content: bytes) -> bytes:
    coded = binascii.b2a_base64(content, newline=False)
    lines = b"\r\n".join(coded[at : at + 76] for at in range(0, len(coded), 76))
    return (
        b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n" + head + b"\r\n\r\n" + lines + b"\r\n"
    )


def _mark(seed: str, number: int) -> str:
    # Made from the Message-ID, so that a repeat is the same bytes; `=_` can stand in no encoded part.
    return f"=_{number}_{hashlib.sha256(seed.encode()).hexdigest()[:24]}"
