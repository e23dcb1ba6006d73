"""The load generator against a real server on loopback: what it counts is what the server saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import repeat

import pytest

from simplane.ops.load_generator import LoadGenerator
from simplane.ops.sample_order import Sold, SoldLine, signed

ORDER = Sold(id=7001, name="#1001", email="ana@example.com", lines=[SoldLine(71, "ESIM-EU-5GB-30D", 2, "19.00")])
REQUEST = signed(ORDER, "secret").request("/webhooks/shopify/demo", "demo.myshopify.com", "0000-1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
Answer = Callable[[int], bytes | None]


class Server:
    """Answers every whole request with `answer(how many came so far)`; None hangs up instead."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[bytes] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                self.seen.append(head + await reader.readexactly(length))
                answer = self._answer(len(self.seen))
                if answer is None:
                    break
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Server, int]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        yield server, listening.sockets[0].getsockname()[1]


def run(scene: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(20):
            await scene()

    asyncio.run(whole())


def test_a_flood_counts_every_answer_once() -> None:
    async def scene() -> None:
        async with serving(lambda _: OK) as (server, port):
            answers = await LoadGenerator(port, 4).flood(repeat(REQUEST), 0.3)
        assert answers.taken == len(server.seen) == len(answers.latencies)
        assert answers.taken > 10
        assert answers.errors == 0
        assert set(server.seen) == {REQUEST}

    run(scene)


def test_paced_requests_are_all_sent_at_their_rate() -> None:
    async def scene() -> None:
        async with serving(lambda _: OK) as (server, port):
            answers = await LoadGenerator(port, 2).pace(iter([REQUEST] * 20), 100)
        assert (answers.taken, len(server.seen)) == (20, 20)
        assert answers.seconds == pytest.approx(0.19, abs=0.15)

    run(scene)


def test_a_refusal_is_an_error_and_no_latency() -> None:
    refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

    async def scene() -> None:
        async with serving(lambda count: refusal if count % 2 else OK) as (_, port):
            answers = await LoadGenerator(port, 1).pace(iter([REQUEST] * 10), 1000)
        assert (answers.taken, answers.errors, answers.statuses[503], len(answers.latencies)) == (5, 5, 5, 5)

    run(scene)


def test_a_broken_connection_is_an_error_and_is_replaced() -> None:
    async def scene() -> None:
        async with serving(lambda count: None if count == 3 else OK) as (server, port):
            answers = await LoadGenerator(port, 1).pace(iter([REQUEST] * 10), 1000)
        assert (answers.taken, answers.statuses[0], len(server.seen)) == (9, 1, 10)

    run(scene)


def test_an_answer_that_ends_its_connection_is_followed_by_another_connection() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    async def scene() -> None:
        async with serving(lambda count: closing if count == 2 else OK) as (server, port):
            answers = await LoadGenerator(port, 1).pace(iter([REQUEST] * 5), 1000)
        assert (answers.taken, answers.errors, len(server.seen)) == (5, 0, 5)

    run(scene)


def test_nobody_listening_is_told() -> None:
    async def scene() -> None:
        async with serving(lambda _: OK) as (_, port):
            pass
        with pytest.raises(OSError):
            await LoadGenerator(port, 1).flood(repeat(REQUEST), 0.1)

    run(scene)
