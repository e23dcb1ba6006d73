"""Requests that need no thread: read only when they are plain, answered like all others, and while every thread is taken."""

from __future__ import annotations

import json
import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from simplane.ops import express
from simplane.ordering.models import Order
from tests import processes
from tests.ordering.wholesale import reseller, sold

PLAIN = (
    b"POST /api/v1/orders?dry_run=true HTTP/1.1\r\nHost: a.example\r\nX-One: \xfc\r\nContent-Type: application/json\r\n"
    b"content-length: 2\r\nConnection: Keep-Alive\r\n\r\n{}"
)
CLIENT = ("192.0.2.1", 4711)


def test_a_plain_request_is_read_as_gunicorn_would() -> None:
    environ = express.read(PLAIN, CLIENT)

    assert environ is not None
    assert environ.pop("wsgi.input").read() == b"{}"
    assert environ == {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/orders", "QUERY_STRING": "dry_run=true", "CONTENT_LENGTH": "2",
        "CONTENT_TYPE": "application/json", "HTTP_HOST": "a.example", "HTTP_X_ONE": "ü", "HTTP_CONNECTION": "Keep-Alive",
        "REMOTE_ADDR": "192.0.2.1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"POST /", b"GET /"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"HTTP/1.1", b"HTTP/1.1 "),
        (b"/orders", b"/or%64ers"),
        (b"/orders", b"/or\tders"),
        (b"Host: a.example\r\n", b""),
        (b"Host:", b"Host :"),
        (b"Host:", b" Host:"),
        (b"Host:", b"Ho_st: x\r\nHost:"),
        (b"X-One: \xfc", b"X-One: a\nX-Two: b"),
        (b"X-One: \xfc", b"X-One: a\x00"),
        (b"X-One: \xfc", b"X-One"),
        (b"X-One: \xfc", b"Host: b.example"),
        (b"X-One: \xfc", b"Content-Length: 2"),
        (b"X-One: \xfc", b"Transfer-Encoding: chunked"),
        (b"X-One: \xfc", b"Expect: 100-continue"),
        (b"X-One: \xfc", b"Upgrade: h2c"),
        (b"Keep-Alive", b"close"),
        (b"length: 2", b"length: +2"),
        (b"length: 2", b"length: 3"),
        (b"length: 2", b"length: 1"),
        (b"content-length: 2\r\n", b""),
        (b"\r\n\r\n{}", b""),
        (b"X-One: \xfc", b"X-One: " + b"x" * 9000),
        (b"X-One: \xfc", b"\r\n".join(b"X-%d: x" % number for number in range(61))),
    ],
)
def test_whatever_is_not_plain_is_left_to_gunicorn(old: bytes, new: bytes) -> None:
    changed = PLAIN.replace(old, new, 1)

    assert changed != PLAIN
    assert express.read(changed, CLIENT) is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_orders_go_on_while_every_thread_waits(tmp_path: Path) -> None:
    sold()
    secret = reseller().secret
    settings = {"SIMPLANE_WEB_WORKERS": "1", "SIMPLANE_WEB_THREADS": "1"}
    with processes.web(tmp_path, **settings) as (address, process), ExitStack() as opened:
        first, second = (opened.enter_context(_client(address)) for _ in range(2))
        by_thread = _said(first, _order("k-1", secret))
        _said(second, _order("k-1", secret))

        first.sendall(_order("k-2", secret, "Prefer: wait=3\r\n"))
        by_express = [_said(second, _order(f"k-{number}", secret)) for number in (1, 3)]
        assert select.select([first], [], [], 0)[0] == []
        waited = _answer(first)

        assert [one[0] for one in (by_thread, *by_express, waited)] == [201] * 4
        assert by_express[0][2] == by_thread[2]
        assert set(by_express[1][1]) == set(by_thread[1])
        assert waited[1]["Preference-Applied"] == "wait=3"
        assert [one["state"] for one in json.loads(waited[2])["units"]] == ["waiting"]
        # Two in one packet, one in two, and one refused: each gets its answer, in order.
        both = _order("k-4", secret) + _order("k-1", secret)
        assert [_said(second, both)[0], _answer(second)[2]] == [201, by_thread[2]]
        third = _order("k-5", secret)
        second.sendall(third[:-9])
        assert _said(second, third[-9:])[0] == 201
        assert _said(second, _order("k-6", "sk_live_nobody"))[0] == 401
        assert "Traceback" not in process.tail(500)
    assert Order.objects.count() == 5


def _order(key: str, secret: str, more: str = "") -> bytes:
    body = '{"lines":[{"sku":"EU-5"}]}'
    return (
        f"POST /api/v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\nIdempotency-Key: {key}\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


@contextmanager
def _client(address: str) -> Iterator[socket.socket]:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as made:
        yield made


def _said(client: socket.socket, request: bytes) -> tuple[int, dict[str, str], bytes]:
    client.sendall(request)
    return _answer(client)


def _answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer, and not a byte of the next."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    line, *lines = head.decode().strip().split("\r\n")
    headers = dict(re.split(r":\s*", one, maxsplit=1) for one in lines)
    body = client.recv(int(headers["Content-Length"]), socket.MSG_WAITALL)
    return int(line.split()[1]), headers, body
