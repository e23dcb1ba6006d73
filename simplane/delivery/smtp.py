"""Handing one mail to our mail server over SMTP, and saying exactly what is known afterwards. No database here.

The one dangerous moment is between the last byte of the data and the server's answer: a connection lost there leaves
it open whether the mail was taken (RFC 5321 section 4.2.5). Everything before is surely not taken.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from django.conf import settings

from simplane.core.db import refuse_inside_transaction
from simplane.core.log import logger
from simplane.delivery.values import Accepted, Deferred, Envelope, Lost, Outcome, Rejected

log = logger(__name__)
CONNECT_SECONDS = 10
ANSWER_SECONDS = 30
FINAL_ANSWER_SECONDS = 60
"""For the answer after the data, when a server scans the mail. Shorter makes more unknowns."""
_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as `SIMPLANE_MAIL_URL` names it. `smtps`: TLS from the start; `smtp+tls`: STARTTLS or nothing."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@lru_cache(maxsize=8)
def server(url: str) -> Server:
    """Read `smtp://user:password@host:port`."""
    parts = urlsplit(url)
    return Server(
        parts.scheme,
        parts.hostname or "127.0.0.1",
        parts.port or _PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


class _Kept(threading.local):
    """One open connection a thread, kept between mails."""

    client: smtplib.SMTP | None = None
    server: Server | None = None


_kept = _Kept()


class _Gone(Exception):
    """The connection broke before the data: surely nothing was taken."""


def post(envelope: Envelope) -> Outcome:
    """Hand one mail over. Never raises for anything a server or a network does.

    A kept connection that died meanwhile is opened again once: nothing was taken through it.
    """
    refuse_inside_transaction("sending mail")
    wanted = server(settings.SIMPLANE.mail_url)
    try:
        if _kept.client is not None and _kept.server == wanted:
            try:
                return _hand_over(_kept.client, envelope)
            except _Gone:
                close()
        return _hand_over(_open(wanted), envelope)
    except _Gone as gone:
        close()
        return Deferred(str(gone), unreachable=True)


def close() -> None:
    """Let go of this thread's connection."""
    client, _kept.client, _kept.server = _kept.client, None, None
    if client is not None:
        client.close()


def _open(wanted: Server) -> smtplib.SMTP:
    close()
    name = settings.SIMPLANE.mail_from.rpartition("@")[2].strip(" >") or "localhost"
    try:
        client = _kept.client = _connect(wanted, name)
        _kept.server = wanted
        client.ehlo()
        if wanted.scheme == "smtp+tls":
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        if wanted.user:
            client.login(wanted.user, wanted.password)
    except (OSError, smtplib.SMTPException) as error:
        # Also a refused login: our own fault, not the message's, and somebody may mend it within the day.
        log.warning("mail.unreachable", server=repr(wanted), error=_text(error))
        raise _Gone(f"mail server {wanted!r}: {_text(error)}") from None
    return client


def _connect(wanted: Server, name: str) -> smtplib.SMTP:
    if wanted.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(wanted.host, wanted.port, name, timeout=CONNECT_SECONDS, context=context)
    return smtplib.SMTP(wanted.host, wanted.port, name, timeout=CONNECT_SECONDS)


def _hand_over(client: smtplib.SMTP, envelope: Envelope) -> Outcome:
    """One mail transaction on an open connection. Raises _Gone when the connection broke before the data."""
    if envelope.international and not client.has_extn("smtputf8"):
        return Rejected("the address needs SMTPUTF8, which our mail server does not offer")
    try:
        _patience(client, ANSWER_SECONDS)
        refusal = _address(client, envelope)
        if refusal is None:
            code, text = client.docmd("DATA")
            refusal = None if code == 354 else _refusal(code, text, recipient=False)
    except (OSError, smtplib.SMTPException) as error:
        raise _Gone(_text(error)) from None
    if refusal is None:
        return _data(client, envelope.data)
    _start_over(client)
    return refusal


def _start_over(client: smtplib.SMTP) -> None:
    """After a refusal the connection serves the next mail, or is dropped."""
    try:
        client.rset()
    except (OSError, smtplib.SMTPException):
        close()


def _address(client: smtplib.SMTP, envelope: Envelope) -> Outcome | None:
    """MAIL FROM and RCPT TO. None when both were accepted."""
    options = ["SMTPUTF8", "BODY=8BITMIME"] if envelope.international else []
    client.command_encoding = "ascii"
    code, text = client.mail(envelope.sender, options)
    if code >= 400:
        return _refusal(code, text, recipient=False)
    code, text = client.rcpt(envelope.recipient)
    return _refusal(code, text, recipient=True) if code >= 400 else None


def _data(client: smtplib.SMTP, data: bytes) -> Outcome:
    """The mail itself (RFC 5321 4.5.2: a leading dot is doubled) and the answer that decides."""
    try:
        _patience(client, FINAL_ANSWER_SECONDS)
        client.send(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
        code, text = client.getreply()
    except (OSError, smtplib.SMTPException) as error:
        close()
        return Lost(f"no answer after the data: {_text(error)}")
    if 200 <= code < 300:
        return Accepted()
    if code < 400:
        close()
        return Lost(f"not an answer after the data: {code} {text!r}"[:300])
    try:
        return _refusal(code, text, recipient=False)
    except _Gone as gone:
        close()
        return Deferred(str(gone))


def _refusal(code: int, text: bytes, *, recipient: bool) -> Outcome:
    """A 4xx or 5xx answer in our words. Raises _Gone when the server closes the connection (421) or talks nonsense."""
    said = f"{code} {text.decode('utf-8', 'replace')}"[:400]
    if code in (421, -1):
        raise _Gone(said)
    if code < 500:
        return Deferred(said)
    return Rejected(said, dead_address=_dead_address(code, said, recipient=recipient))


def _dead_address(code: int, said: str, *, recipient: bool) -> bool:
    """Whether the mailbox is the trouble (RFC 3463: 5.1.x bad address, 5.2.1 disabled), not policy, size or content."""
    found = re.match(r"\d{3} (\d\.\d{1,3}\.\d{1,3})\b", said)
    if found is not None:
        return found[1].startswith("5.1.") or found[1] == "5.2.1"
    return recipient and code in (550, 551, 553)


def _patience(client: smtplib.SMTP, seconds: int) -> None:
    if client.sock is not None:
        client.sock.settimeout(seconds)


def _text(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:300]
