"""The kit all stand-ins share, seen through one of them (eSIM Go) over real HTTP."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox.kit.books import Books
from sandbox.kit.clock import Clock
from sandbox.kit.sender import Sender, stop
from tests.standins import Receiver, Standin, receiving, start

KEY = "esg_sandbox_key_0001"
BUNDLE = "esim_1GB_7D_GB_V2"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    with start("esimgo", tmp_path_factory.mktemp("kit")) as standin:
        yield standin


@pytest.fixture
def standin(running: Standin) -> Standin:
    running.control("reset", settings=True)
    running.settings(rate_limit_per_second=0)
    return running


@pytest.fixture
def client(standin: Standin) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=standin.url, headers={"X-API-Key": KEY}, timeout=10, trust_env=False) as client:
        yield client


def buy(client: httpx2.Client, item: str = BUNDLE) -> httpx2.Response:
    order = {"type": "bundle", "quantity": 1, "item": item}
    return client.post("/v2.5/orders", json={"type": "transaction", "assign": True, "order": [order]})


def raw_exchange(standin: Standin, body: bytes) -> bytes:
    """Everything the server sends back on a fresh socket until it closes it."""
    head = (
        f"POST /v2.5/orders HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", standin.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def bought(standin: Standin) -> int:
    return int(standin.books(summary=True)["orders"])


ORDER = {"type": "transaction", "assign": True, "order": [{"type": "bundle", "quantity": 1, "item": BUNDLE}]}


@pytest.mark.parametrize(("kind", "orders"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_gives_not_one_byte_and_only_drop_after_buys(
    standin: Standin, kind: str, orders: int
) -> None:
    standin.fault("order", kind)
    assert raw_exchange(standin, json.dumps(ORDER).encode()) == b""
    assert bought(standin) == orders


@pytest.mark.parametrize(
    ("kind", "status", "orders"),
    [("status_before", 500, 0), ("status_after", 500, 1), ("throttle", 429, 0), ("html", 502, 0), ("empty", 200, 1)],
)
def test_each_fault_executes_or_not_as_documented(
    standin: Standin, client: httpx2.Client, kind: str, status: int, orders: int
) -> None:
    standin.fault("order", kind)
    assert buy(client).status_code == status
    assert bought(standin) == orders
    assert buy(client).status_code == 200, "a rule strikes once unless told otherwise"


def test_a_fault_takes_the_status_and_the_wait_it_is_given(standin: Standin, client: httpx2.Client) -> None:
    standin.fault("order", "status_before", status=503)
    standin.fault("order", "throttle", retry_after=7)
    first, second = buy(client), buy(client)
    assert (first.status_code, first.headers["retry-after"]) == (503, "1")
    assert (second.status_code, second.headers["retry-after"]) == (429, "7")


def test_broken_bodies_come_after_the_work_is_done(standin: Standin, client: httpx2.Client) -> None:
    for kind in ("malformed", "wrong_type", "extra_field"):
        standin.fault("order", kind)
    malformed, wrong, extra = buy(client), buy(client), buy(client)
    with pytest.raises(ValueError, match=r".+"):
        malformed.json()
    assert isinstance(wrong.json()["order"], dict)
    assert extra.json()["sandboxExtra"] == {"note": "added by a newer version"}
    assert bought(standin) == 3


def test_a_rule_can_ask_for_a_text_in_the_body_and_last_for_ever(standin: Standin, client: httpx2.Client) -> None:
    standin.fault("order", "status_before", match="JP_V2", times=-1)
    assert buy(client).status_code == 200
    assert [buy(client, "esim_1GB_7D_JP_V2").status_code for _ in range(3)] == [500, 500, 500]
    standin.control("faults", "DELETE")
    assert buy(client, "esim_1GB_7D_JP_V2").status_code == 200


def test_random_faults_repeat_with_the_seed(standin: Standin, client: httpx2.Client) -> None:
    standin.fault("order", "status_before", probability=0.5, times=-1)

    def run() -> list[int]:
        standin.control("seed", seed=7)
        return [buy(client).status_code for _ in range(20)]

    first = run()
    assert set(first) == {200, 500}
    assert run() == first


def test_magic_products_do_what_their_name_says(standin: Standin, client: httpx2.Client) -> None:
    assert buy(client, "esim_1GB_7D_AQ_FAULTSTATUSBEFORE").status_code == 500
    assert buy(client, "esim_1GB_7D_AQ_FAULTHTML").headers["content-type"] == "text/html; charset=utf-8"
    assert bought(standin) == 0
    with pytest.raises(httpx2.HTTPError):
        buy(client, "esim_1GB_7D_AQ_FAULTDROPAFTER")
    assert bought(standin) == 1


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("faults", {"operation": "order", "kind": "explode"}, "unknown kind 'explode'"),
        ("faults", {"kind": "delay", "seconds": "two"}, "seconds must be a number"),
        ("settings", {"latency": 1}, "unknown setting 'latency'"),
        ("settings", {"latency_ms": "soon", "balance_minor": 1}, "latency_ms must be of type float"),
        ("settings", {"balance_minor": 1.5}, "balance_minor must be an integer"),
        ("callbacks/release", {"order": "sideways"}, "order must be one of"),
    ],
)
def test_a_wrong_control_request_is_refused_and_changes_nothing(
    standin: Standin, path: str, body: dict[str, Any], complaint: str
) -> None:
    before = standin.control("settings"), standin.control("faults")
    answer = httpx2.post(f"{standin.url}/_control/{path}", json=body, trust_env=False)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert (standin.control("settings"), standin.control("faults")) == before


def test_latency_holds_the_answer_but_not_the_others(standin: Standin, client: httpx2.Client) -> None:
    standin.settings(latency_ms=3000)
    with pytest.raises(httpx2.ReadTimeout):
        client.post("/v2.5/orders", json=ORDER, timeout=httpx2.Timeout(10, read=0.3))
    assert bought(standin) == 1, "the caller gave up, the order was executed all the same"


def test_the_books_survive_kill_and_restart_with_faults_settings_and_clock(tmp_path: Path) -> None:
    with (
        start("esimgo", tmp_path, rate_limit_per_second=0) as standin,
        httpx2.Client(base_url=standin.url, headers={"X-API-Key": KEY}, trust_env=False) as client,
    ):
        reference = buy(client).json()["orderReference"]
        standin.settings(balance_minor=1000)
        standin.control("clock", advance_seconds=86_400)
        standin.fault("order", "throttle", times=3)
        books = standin.books()
        standin.kill()
        standin.restart()
        assert standin.books() == books
        assert [order["order_id"] for order in books["orders"]] == [reference]
        assert standin.control("clock")["shift_seconds"] == 86_400
        assert standin.control("faults")["faults"][0]["times"] == 3
        assert standin.control("settings")["rate_limit_per_second"] == 0


def test_reset_empties_the_books_and_keeps_settings_unless_asked(standin: Standin, client: httpx2.Client) -> None:
    standin.settings(balance_minor=500, organisation_name="Kept")
    first = buy(client).json()["order"][0]["iccids"]
    standin.fault("order", "throttle")
    standin.reset()
    assert standin.books()["orders"] == []
    assert standin.control("settings")["organisation_name"] == "Kept"
    assert standin.control("settings")["balance_minor"] == 5_000_000
    assert buy(client).json()["order"][0]["iccids"] != first, "an ICCID is never given twice"
    standin.control("reset", settings=True)
    assert standin.control("settings")["organisation_name"] == "Sandbox Travel"


def test_the_journal_shows_calls_without_secrets_and_can_be_switched_off(
    standin: Standin, client: httpx2.Client
) -> None:
    standin.fault("order", "drop_after")
    with pytest.raises(httpx2.HTTPError):
        client.post("/v2.5/orders", json={**ORDER, "apiKey": "hidden-value"})
    newest = standin.journal(limit=1)[0]
    assert (newest["operation"], newest["status"], newest["fault"]) == ("order", 0, "drop_after")
    assert "hidden-value" not in newest["body"]
    standin.settings(journal=False)
    buy(client)
    assert standin.journal(limit=1)[0]["id"] == newest["id"]


def send(standin: Standin, number: int, **manner: Any) -> None:
    standin.control("callbacks/send", body={"number": number}, **manner)


def test_webhooks_can_be_held_back_and_sent_in_another_order(standin: Standin, receiver: Receiver) -> None:
    standin.control("callbacks/hold", "POST")
    for number in range(5):
        send(standin, number)
    assert standin.control("deliveries")["held"] is True
    assert receiver.empty
    assert standin.control("callbacks/release", order="reverse") == {"released": 5}
    assert [hook.json()["number"] for hook in receiver.take(5)] == [4, 3, 2, 1, 0]


def test_webhooks_come_repeated_and_late_on_the_virtual_clock(standin: Standin, receiver: Receiver) -> None:
    send(standin, 1, repeat=3, delay_seconds=3600)
    send(standin, 2)
    assert receiver.next().json()["number"] == 2
    standin.control("clock", advance_seconds=3601)
    assert [hook.json()["number"] for hook in receiver.take(3)] == [1, 1, 1]


def test_a_webhook_nobody_takes_is_listed_as_failed(standin: Standin, receiver: Receiver) -> None:
    receiver.answers.put(500)
    send(standin, 1)
    receiver.next()
    send(standin, 2)
    receiver.next()
    states = {row["body"]: (row["state"], row["last_status"]) for row in standin.control("deliveries")["deliveries"]}
    assert states['{"number":1}'] == ("failed", 500)


def test_a_refused_webhook_is_sent_again_after_each_pause_of_its_schedule(tmp_path: Path) -> None:
    async def scenario(receiver: Receiver) -> tuple[int, str, int]:
        books = Books(tmp_path / "sender.sqlite3")
        clock = Clock(books)
        sender = Sender(books, clock)
        for status in (500, 404, 200):
            receiver.answers.put(status)
        number = sender.enqueue(receiver.url, b"{}", {"X-Id": "one"}, schedule=(60, 240, 960))
        running = asyncio.create_task(sender.run())
        for pause in (60, 240, 0):
            attempts = books.number("select attempts from kit_delivery")
            while books.number("select attempts from kit_delivery") == attempts:
                await asyncio.sleep(0)
            clock.advance(pause)
        await stop(running)
        row = books.row("select * from kit_delivery where id = ?", (number,))
        assert row is not None
        books.close()
        return row["attempts"], row["state"], row["last_status"]

    with receiving() as receiver:
        assert asyncio.run(scenario(receiver)) == (3, "sent", 200)
        assert [hook.headers["x-id"] for hook in receiver.take(3)] == ["one", "one", "one"]


@pytest.fixture
def receiver(standin: Standin) -> Iterator[Receiver]:
    with receiving() as receiver:
        standin.settings(callback_url=receiver.url)
        yield receiver
