"""Clients that do not finish what they began: each loses its connection, and nobody else waits for long."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from simplane.ops import hurry
from tests import processes

HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = b"POST /webhooks/shopify/demo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"


@pytest.fixture
def pair() -> Iterator[tuple[hurry.HurriedSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield hurry.HurriedSocket(ours), theirs


def test_bytes_in_time_are_read(pair: tuple[hurry.HurriedSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.setblocking(True)
    ours.allow(5)
    theirs.sendall(b"abc")

    assert ours.recv(100) == b"abc"
    assert ours.gettimeout() == hurry.ANSWER_SECONDS


def test_a_silent_client_is_too_slow_and_stays_so(pair: tuple[hurry.HurriedSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.setblocking(True)
    ours.allow(0.05)

    with pytest.raises(hurry.TooSlow):
        ours.recv(100)

    theirs.sendall(b"at last")
    with pytest.raises(hurry.TooSlow):
        ours.recv(100)


def test_one_who_sends_byte_by_byte_gains_no_time(pair: tuple[hurry.HurriedSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.setblocking(True)
    ours.allow(0.05)
    theirs.sendall(b"x" * 100_000)

    with pytest.raises(hurry.TooSlow):
        _byte_by_byte(ours)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_half_requests_in_every_thread_keep_nobody_out_for_long(tmp_path: Path) -> None:
    few = {"SIMPLANE_WEB_WORKERS": "1", "SIMPLANE_WEB_THREADS": "4"}
    with processes.web(tmp_path, **few) as (address, process), ExitStack() as open_ones:
        where = address.removeprefix("http://").split(":")
        heads = [open_ones.enter_context(_begin(where, HALF_A_HEAD)) for _ in range(12)]
        began = time.monotonic()

        assert httpx2.get(f"{address}/healthz", timeout=60, trust_env=False).status_code == 200

        # Three turns of four threads; one second a turn for a busy machine.
        assert time.monotonic() - began < 3 * (hurry.HEAD_SECONDS + 1)
        assert [_rest(one) for one in heads] == [b""] * 12
        assert "Traceback" not in process.tail(500)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_webhook_whose_body_never_ends_is_told_so_and_not_stored(tmp_path: Path) -> None:
    with processes.web(tmp_path) as (address, process):
        where = address.removeprefix("http://").split(":")
        with _begin(where, HALF_A_BODY) as client:
            assert _rest(client).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert "Traceback" not in process.tail(500)


def _byte_by_byte(ours: hurry.HurriedSocket) -> None:
    while ours.recv(1):
        pass


def _begin(where: list[str], start: bytes) -> socket.socket:
    made = socket.create_connection((where[0], int(where[1])), timeout=60)
    made.sendall(start)
    return made


def _rest(client: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    while piece := client.recv(4096):
        found += piece
    return found
