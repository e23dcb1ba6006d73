"""One plain HTTP/1.1 request read from the bytes of one packet, for answers that need no thread of their own.

Whatever is not exactly plain (half a request, two of them, chunks, repeated or unusual headers) is None here: gunicorn's
own parser decides what it means.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable
from typing import Any

from gunicorn.util import http_date

Environ = dict[str, Any]
Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers, body."""
MOST_HEAD = 8192
MOST_HEADERS = 60
LARGEST = 65_536
"""Bytes of one read."""
_NAME = re.compile(r"[A-Za-z0-9-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TARGET = re.compile(r"/[A-Za-z0-9/_.~-]*(?:\?[A-Za-z0-9/_.~&=-]*)?")
_UNUSUAL = ("HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_TE", "HTTP_TRAILER")


def read(raw: bytes, client: Any) -> Environ | None:
    """The WSGI variables of the one request that these bytes are, or None. `client`: of the socket's accept."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    if not gap or len(head) > MOST_HEAD or not head.startswith(b"POST /"):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    environ = _headers(lines)
    words = first.split(" ")
    if environ is None or len(words) != 3 or words[2] != "HTTP/1.1" or not _TARGET.fullmatch(words[1]):
        return None
    length = environ.pop("HTTP_CONTENT_LENGTH", "")
    if not (length.isascii() and length.isdigit()) or int(length) != len(body) or not _plain(environ):
        return None
    path, _, query = words[1].partition("?")
    environ["CONTENT_LENGTH"] = length
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"] = "POST", path, query
    environ["REMOTE_ADDR"] = client[0] if isinstance(client, tuple) else ""
    environ["wsgi.input"] = io.BytesIO(body)
    return environ


def _headers(lines: list[str]) -> Environ | None:
    found: Environ = {}
    if len(lines) > MOST_HEADERS:
        return None
    for line in lines:
        name, colon, value = line.partition(":")
        key = "HTTP_" + name.upper().replace("-", "_")
        if not colon or not _NAME.fullmatch(name) or key in found or _CONTROL.search(value):
            return None
        found[key] = value.strip(" \t")
    return found


def _plain(environ: Environ) -> bool:
    if environ.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive" or not environ.get("HTTP_HOST"):
        return False
    return not any(name in environ for name in _UNUSUAL)


def render(line: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The bytes of an answer after which the connection goes on. Header values are our own: nobody else's text is in them."""
    said = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (
        f"HTTP/1.1 {line}\r\nServer: gunicorn\r\nDate: {_date()}\r\nConnection: keep-alive\r\n{said}\r\n".encode()
        + body
    )


_today = (0, "")


def _date() -> str:
    global _today  # noqa: PLW0603  once a second
    now = int(time.time())
    if _today[0] != now:
        _today = (now, http_date(now))
    return _today[1]
