"""What every supplier call goes through: repeats only what is safe, limits, bulkhead, breaker, figures."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from django.db import connection
from prometheus_client import REGISTRY

from simplane.core.http import Answer
from simplane.suppliers import breakers
from simplane.suppliers.breakers import Breaker
from simplane.suppliers.outcomes import Blocked, NotReady, Ok, Permanent, Result, Retryable, Unknown
from simplane.suppliers.pacing import Pace
from simplane.suppliers.transport import Call, Doubtful, Transport, breaker_states, traced
from simplane.suppliers.values import SupplierOptions
from tests.suppliers.raw_server import DROP, HANG, RawServer, as_json, http, serving

READ = Call(operation="look", method="GET", path="/look")
BUY = Call(operation="buy", method="POST", path="/buy", body=b"{}", changes=True)
FINE = as_json({"ok": True})


@pytest.fixture(autouse=True)
def _closed_breakers() -> Iterator[None]:
    breakers.forget()
    yield
    breakers.forget()


def read(answer: Answer) -> Result[int]:
    """200 is fine, 4xx a refusal by its number, anything else doubtful."""
    match answer.status:
        case 200:
            return Ok(len(answer.body))
        case 429:
            return Retryable("slow down", "429", float(answer.headers.get("retry-after", 0)))
        case 402:
            return Blocked("no money", "402", "funds")
        case 425:
            return NotReady()
        case status if status < 500:
            return Permanent("no", str(status))
    raise Doubtful("broken", str(answer.status))


def unreadable(answer: Answer) -> Result[int]:
    raise ValueError(f"the secret-key is in {answer.body!r}")


def using(
    server: RawServer | str, use: Callable[[Transport], Coroutine[Any, Any, Any]], account: str = "", **options: Any
) -> Any:
    """Run `use` with a transport of its own."""
    url = server if isinstance(server, str) else server.url
    given = SupplierOptions(**{"per_second": 0, "read_seconds": 0.3, "connect_seconds": 0.3} | options)

    async def run() -> Any:
        made = Transport(account or uuid.uuid4().hex, url, given, sign=lambda _: {}, secrets=("secret-key",))
        try:
            return await use(made)
        finally:
            await made.close()

    return asyncio.run(run())


def outcome(server: RawServer | str, call: Call, reader: Any = read, **options: Any) -> Any:
    return using(server, lambda made: made.call(call, reader), **options)


def nobody() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("trouble", [DROP, http(b"", 500), http(b"x", length=9), HANG])
def test_a_read_is_repeated_until_it_succeeds(trouble: bytes) -> None:
    with serving(trouble, trouble, FINE) as server:
        assert isinstance(outcome(server, READ), Ok)
        assert len(server.requests) == 3


@pytest.mark.parametrize("trouble", [DROP, http(b"", 500), http(b"x", length=9), HANG])
def test_a_change_in_doubt_is_unknown_and_not_repeated(trouble: bytes) -> None:
    with serving(trouble, FINE) as server:
        assert isinstance(outcome(server, BUY), Unknown)
        assert len(server.requests) == 1


def test_a_read_that_keeps_failing_may_be_tried_later() -> None:
    with serving(DROP) as server:
        answer = outcome(server, READ)
        assert isinstance(answer, Retryable)
        assert len(server.requests) == 3


def test_what_can_not_be_read_is_doubt_and_tells_no_secret() -> None:
    with serving(FINE) as server:
        answer = outcome(server, BUY, unreadable)
    assert isinstance(answer, Unknown)
    assert answer.code == "unreadable"
    assert "secret-key" not in answer.reason


def test_a_change_that_was_not_sent_is_tried_again() -> None:
    with traced() as calls:
        answer = outcome(nobody(), BUY)
    assert isinstance(answer, Retryable)
    assert (answer.code, len(calls)) == ("not_sent", 3)


def test_a_throttled_change_is_tried_again() -> None:
    with serving(http(b"", 429), FINE) as server:
        assert isinstance(outcome(server, BUY), Ok)


def test_a_long_wait_is_left_to_the_caller() -> None:
    with serving(http(b"", 429, retry_after="30"), FINE) as server:
        answer = outcome(server, BUY)
        assert isinstance(answer, Retryable)
        assert (answer.retry_after, len(server.requests)) == (30, 1)


@pytest.mark.parametrize("status", [402, 404, 425])
def test_a_refusal_is_not_repeated(status: int) -> None:
    with serving(http(b"", status), FINE) as server:
        assert isinstance(outcome(server, READ), Blocked | Permanent | NotReady)
        assert len(server.requests) == 1


def test_a_doubt_the_supplier_resolves_by_its_key_is_repeated() -> None:
    call = Call(operation="buy", method="POST", path="/", changes=True, repeat_on=frozenset({"503"}))
    with serving(http(b"", 503), FINE) as server:
        assert isinstance(outcome(server, call), Ok)


def test_a_refused_repeat_leaves_the_doubt() -> None:
    call = Call(operation="buy", method="POST", path="/", changes=True, repeat_on=frozenset({"503"}))
    with serving(http(b"", 503), http(b"", 402)) as server:
        answer = outcome(server, call)
    assert isinstance(answer, Unknown)
    assert answer.code == "503"


def test_no_repeats_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simplane.suppliers.transport.REPEAT_WITHIN_SECONDS", 0.0)
    with serving(DROP, FINE) as server:
        assert isinstance(outcome(server, READ), Retryable)
        assert len(server.requests) == 1


def test_headers_are_made_anew_for_every_attempt() -> None:
    numbers = iter(range(10))

    async def run() -> None:
        options = SupplierOptions(per_second=0)
        made = Transport(
            "a", server.url, options, sign=lambda body: {"x-n": f"{next(numbers)}-{len(body)}"}, secrets=()
        )
        await made.call(BUY, read)
        await made.close()

    with serving(http(b"", 429), FINE) as server:
        asyncio.run(run())
        assert b"x-n: 0-2" in server.requests[0]
        assert b"x-n: 1-2" in server.requests[1]


def test_says_before_a_change_leaves_and_not_before_a_read() -> None:
    told: list[int] = []

    async def note(_: Any) -> None:
        told.append(len(server.requests))

    with serving(FINE) as server, traced(sent=note):
        outcome(server, READ)
        outcome(server, BUY)
    assert told == [1]


def test_refuses_quickly_when_too_many_are_under_way() -> None:
    async def three(made: Transport) -> list[Any]:
        return list(await asyncio.gather(*(made.call(BUY, read) for _ in range(3))))

    with serving(HANG) as server:
        answers = using(server, three, in_flight=2)
        assert len(server.requests) == 2
    assert sorted((type(answer).__name__, answer.code) for answer in answers) == [
        ("Retryable", "bulkhead"),
        ("Unknown", "no_answer"),
        ("Unknown", "no_answer"),
    ]


def test_an_operation_that_keeps_failing_is_no_longer_asked() -> None:
    async def four(made: Transport) -> list[Any]:
        return [await made.call(BUY, read) for _ in range(4)]

    with serving(http(b"", 500)) as server:
        answers = using(server, four, account="acme", breaker_failures=2)
        assert len(server.requests) == 2
    assert [type(answer) for answer in answers] == [Unknown, Unknown, Blocked, Blocked]
    assert answers[3].kind == "breaker"
    assert breaker_states() == {("acme", "buy"): "open"}


def test_an_open_breaker_lets_a_read_come_back_later() -> None:
    async def two(made: Transport) -> list[Any]:
        return [await made.call(READ, read) for _ in range(2)]

    with serving(http(b"", 500)) as server:
        answers = using(server, two, breaker_failures=1)
        assert len(server.requests) == 1
    assert [answer.code for answer in answers] == ["breaker", "breaker"]
    assert all(isinstance(answer, Retryable) for answer in answers)


def test_other_operations_and_accounts_go_on() -> None:
    with serving(http(b"", 500)) as broken:
        outcome(broken, BUY, account="one", breaker_failures=1)
    with serving(FINE) as server:
        assert isinstance(outcome(server, READ, account="one", breaker_failures=1), Ok)
        assert isinstance(outcome(server, BUY, account="two", breaker_failures=1), Ok)


def test_refusals_and_throttling_open_no_breaker() -> None:
    async def many(made: Transport) -> None:
        for _ in range(3):
            await made.call(BUY, read)

    with serving(http(b"", 404), http(b"", 402), http(b"", 429, retry_after="30")) as server:
        using(server, many, account="acme", breaker_failures=1)
    assert breaker_states() == {("acme", "buy"): "closed"}


class Time:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr("simplane.suppliers.breakers.time", made)
    return made


def opened(moved: Time) -> Breaker:
    one = Breaker(2, 20.0)
    one.failed()
    assert one.failed()
    moved.now += 5
    return one


def test_an_open_breaker_says_how_long(moved: Time) -> None:
    one = opened(moved)
    assert (one.state, one.refuses()) == ("open", 15.0)


def test_a_half_open_breaker_lets_one_call_try(moved: Time) -> None:
    one = opened(moved)
    moved.now += 15
    assert (one.state, one.refuses()) == ("half_open", 0.0)
    one.begin()
    assert one.refuses() == 20.0


def test_a_good_probe_closes(moved: Time) -> None:
    one = opened(moved)
    moved.now += 15
    one.begin()
    one.succeeded()
    assert (one.state, one.refuses()) == ("closed", 0.0)
    assert not one.failed()


def test_a_bad_probe_opens_again(moved: Time) -> None:
    one = opened(moved)
    moved.now += 15
    one.begin()
    assert not one.failed()
    assert (one.state, one.refuses()) == ("open", 20.0)


def test_a_probe_that_never_reports_is_replaced(moved: Time) -> None:
    one = opened(moved)
    moved.now += 15
    one.begin()
    moved.now += 20
    assert one.refuses() == 0.0


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_counts_outcomes_and_seconds() -> None:
    account = uuid.uuid4().hex
    with serving(http(b"", 500), FINE) as server:
        outcome(server, READ, account=account)
    labels = {"supplier": account, "operation": "look"}
    assert sample("simplane_supplier_calls_total", outcome="ok", **labels) == 1
    assert sample("simplane_supplier_calls_total", outcome="retryable", **labels) == 1
    assert sample("simplane_supplier_call_seconds_count", **labels) == 2


@pytest.mark.django_db(transaction=True)
def test_two_processes_worth_of_calls_share_one_rate() -> None:
    account = uuid.uuid4().hex

    async def both(made: Transport) -> float:
        options = SupplierOptions(per_second=10, burst=1)
        other = Transport(account, server.url, options, sign=lambda _: {}, secrets=())
        started = time.monotonic()
        await asyncio.gather(*(one.call(READ, read) for one in (made, other) for _ in range(3)))
        await other.close()
        return time.monotonic() - started

    with serving(FINE) as server:
        seconds = using(server, both, account=account, per_second=10, burst=1)
        assert len(server.requests) == 6
    assert seconds > 0.45


@pytest.mark.django_db(transaction=True)
def test_a_place_too_far_away_is_not_waited_for() -> None:
    async def two(made: Transport) -> list[Any]:
        return [await made.call(BUY, read) for _ in range(2)]

    with serving(FINE) as server:
        answers = using(server, two, per_second=0.1, burst=1)
        assert len(server.requests) == 1
    refused = [answer for answer in answers if isinstance(answer, Retryable)]
    assert [answer.code for answer in refused] == ["rate_limit"]
    assert 2 < refused[0].retry_after <= 10


@pytest.mark.django_db(transaction=True)
def test_costly_calls_take_more_of_the_rate() -> None:
    costly = Call(operation="catalogue", method="GET", path="/", cost=5)

    async def three(made: Transport) -> float:
        started = time.monotonic()
        for _ in range(3):
            await made.call(costly, read)
        return time.monotonic() - started

    with serving(FINE) as server:
        assert using(server, three, per_second=30, burst=5) > 0.3


@pytest.mark.django_db(transaction=True)
def test_places_leased_together_keep_the_rate() -> None:
    async def run() -> float:
        pace = Pace(uuid.uuid4().hex, 200, 1)
        started = time.monotonic()
        for _ in range(60):
            assert await pace.place() == 0.0
        return time.monotonic() - started

    assert asyncio.run(run()) > 59 / 200 - 0.06


@pytest.fixture
def _no_limits_table(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_ratelimit RENAME TO core_ratelimit_gone")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_ratelimit_gone RENAME TO core_ratelimit")


@pytest.mark.usefixtures("_no_limits_table")
def test_nothing_leaves_when_the_shared_limit_can_not_be_asked() -> None:
    with serving(FINE) as server:
        answer = outcome(server, BUY, per_second=5)
        assert server.requests == []
    assert isinstance(answer, Retryable)
    assert answer.code == "rate_limit"
