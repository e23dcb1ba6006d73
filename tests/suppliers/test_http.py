"""The way out over HTTP: what was surely not sent, what nobody knows, and what is kept of a call."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from simplane.core.db import transaction
from simplane.core.http import Answer, Http, NoAnswer, NotSent, traced
from tests.suppliers.raw_server import DROP, HANG, RESET, as_json, http, serving

HEADERS = {"x-key": "k"}


def using(use: Callable[[Http], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """Run `use` with connections of its own."""

    async def run() -> Any:
        one = Http(**{"connect_seconds": 1.0, "read_seconds": 1.0} | options)
        try:
            return await use(one)
        finally:
            await one.close()

    return asyncio.run(run())


def get(url: str, **options: Any) -> Answer:
    found: Answer = using(lambda one: one.call("GET", url, headers=HEADERS), **options)
    return found


def post(url: str, body: bytes = b"{}", **options: Any) -> Answer:
    found: Answer = using(lambda one: one.call("POST", url, headers=HEADERS, body=body, changes=True), **options)
    return found


def test_gives_the_whole_answer() -> None:
    with serving(http(b"hello", 418, retry_after="3")) as server:
        answer = get(server.url)
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (418, b"hello", "3")


def test_sends_the_very_bytes_it_was_given() -> None:
    with serving() as server:
        post(server.url + "/a?b=c", b'{"x":  1}')
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=c HTTP/1.1")
    assert b"x-key: k" in head
    assert body == b'{"x":  1}'


def test_uses_a_connection_again() -> None:
    async def twice(one: Http) -> None:
        for _ in range(2):
            await one.call("GET", server.url, headers=HEADERS)

    with serving() as server:
        using(twice)
        assert (server.connections, len(server.requests)) == (1, 2)


def test_follows_no_redirect() -> None:
    with serving(http(b"", 302, location="http://127.0.0.1:9/elsewhere")) as server:
        assert get(server.url).status == 302
        assert len(server.requests) == 1


def test_asks_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving() as server:
        assert get(server.url).status == 200


def test_a_refused_connection_was_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent):
            get(f"http://127.0.0.1:{taken.getsockname()[1]}")


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/", "http://[::1", "http://127.0.0.1:99999/"])
def test_an_impossible_address_was_not_sent(url: str) -> None:
    with pytest.raises(NotSent):
        get(url)


def test_no_free_connection_was_not_sent() -> None:
    async def both(one: Http) -> None:
        waiting = asyncio.create_task(one.call("GET", server.url, headers=HEADERS))
        while not server.requests:
            await asyncio.sleep(0)
        with pytest.raises(NotSent):
            await one.call("GET", server.url, headers=HEADERS)
        with pytest.raises(NoAnswer):
            await waiting

    with serving(HANG) as server:
        using(both, connections=1, connect_seconds=0.1, read_seconds=0.5)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        DROP,
        RESET,
        HANG,
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-len",
        http(b"half", length=100),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
    ],
    ids=["closed", "reset", "silent", "garbage", "half a head", "half a body", "half a chunk"],
)
def test_bytes_that_may_have_left_without_a_whole_answer(answer: bytes) -> None:
    with serving(answer) as server:
        with pytest.raises(NoAnswer):
            post(server.url, read_seconds=0.3)
        assert len(server.requests) == 1


def test_an_answer_that_is_too_long_is_none() -> None:
    with serving(http(b"x" * 5000)) as server, pytest.raises(NoAnswer, match="longer than 4000"):
        using(lambda one: one.call("GET", server.url, headers=HEADERS, most_bytes=4000))


@pytest.mark.django_db(transaction=True)
def test_refuses_to_call_inside_a_transaction() -> None:
    with serving() as server:
        with transaction(), pytest.raises(RuntimeError, match="inside a transaction"):
            get(server.url)
        assert server.requests == []


def test_keeps_what_was_said_in_order() -> None:
    with serving(as_json({"n": 1}), as_json({"n": 2}, 500)) as server, traced() as calls:
        get(server.url + "/one")
        post(server.url + "/two", b'{"q": 1}')
    assert [(call["method"], call["status"], call["request"], call["response"]) for call in calls] == [
        ("GET", 200, "", '{"n": 1}'),
        ("POST", 500, '{"q": 1}', '{"n": 2}'),
    ]
    assert all(isinstance(call["ms"], int) and datetime.fromisoformat(call["at"]).tzinfo for call in calls)


def test_keeps_also_the_call_that_failed() -> None:
    with serving(DROP) as server, traced() as calls, pytest.raises(NoAnswer):
        post(server.url)
    assert calls[0]["status"] is None
    assert calls[0]["response"]


def test_keeps_nothing_unasked() -> None:
    with serving() as server:
        with traced() as calls:
            pass
        get(server.url)
    assert calls == []


def test_keeps_the_calls_of_tasks_begun_inside() -> None:
    async def several(one: Http) -> None:
        await asyncio.gather(*(one.call("GET", server.url, headers=HEADERS) for _ in range(3)))

    with serving() as server, traced() as calls:
        using(several)
    assert len(calls) == 3


def test_keeps_no_secret_and_no_more_than_two_thousand_characters() -> None:
    answer = {"apiKey": "SECRET-1", "note": "the-known-secret", "ac": "LPA:1$host$MATCH-1", "filler": "x" * 9000}
    with serving(as_json(answer)) as server, traced() as calls:
        get(server.url + "/the-known-secret/", secrets=("the-known-secret",))
    kept = str(calls)
    assert "SECRET-1" not in kept
    assert "MATCH-1" not in kept
    assert "the-known-secret" not in kept
    assert len(calls[0]["response"]) <= 2001


def test_says_when_the_bytes_of_a_change_are_about_to_leave() -> None:
    told: list[tuple[datetime, int]] = []

    async def note(at: datetime) -> None:
        told.append((at, len(server.requests)))

    with serving() as server, traced(sent=note):
        get(server.url)
        assert told == []
        before = datetime.now(UTC)
        post(server.url)
    [(at, requests_before)] = told
    assert requests_before == 1
    assert at >= before


def test_sends_nothing_when_noting_it_fails() -> None:
    async def note(_: datetime) -> None:
        raise OSError("the database is gone")

    with serving() as server, traced(sent=note):
        with pytest.raises(OSError, match="database"):
            post(server.url)
        assert server.requests == []


def test_opens_new_connections_after_it_was_closed() -> None:
    async def around(one: Http) -> None:
        await one.call("GET", server.url, headers=HEADERS)
        await one.close()
        await one.call("GET", server.url, headers=HEADERS)

    with serving() as server:
        using(around)
        assert server.connections == 2
