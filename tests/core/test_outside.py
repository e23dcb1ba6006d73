"""The guarded way out, against real servers on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from simplane.core import outside, reach
from simplane.core.http import NoAnswer, NotSent
from simplane.core.outside import Answer
from simplane.core.reach import AddressRefused
from tests.suppliers.raw_server import DROP, HANG, RawServer, http


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = settings.SIMPLANE.model_copy(update={"allow_loopback_targets": True})
    monkeypatch.setattr(settings, "SIMPLANE", allowed)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server of our own: each look-up of a name takes its next answer."""
    known: dict[str, list[list[str]]] = {}

    def look_up(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        answers = known[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def post(url: str, body: bytes = b"{}") -> Answer:
    return asyncio.run(outside.call("POST", url, headers={"content-type": "application/json"}, body=body))


def serving(*script: bytes) -> Iterator[RawServer]:
    server = RawServer(*script)
    yield server
    server.close()


@pytest.mark.usefixtures("loopback")
def test_a_request_arrives_whole_and_its_answer_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for server in serving(http("thanks", 202, x_seen="yes")):
        found = post(f"{server.url}/hook?a=1", b'{"a": 1}')
        assert (found.status, found.body, found.headers["x-seen"]) == (202, b"thanks", "yes")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
        assert f"host: {server.url.removeprefix('http://')}".encode() in head.lower()
        assert body == b'{"a": 1}'


@pytest.mark.usefixtures("loopback")
def test_a_redirect_is_an_answer_and_a_long_body_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as forbidden:
        target = f"http://127.0.0.1:{forbidden.getsockname()[1]}/"
        for server in serving(http(b"x" * 100_000, 307, location=target)):
            found = post(server.url)
            assert (found.status, len(found.body)) == (307, outside.MOST_BYTES)
        forbidden.settimeout(0)
        with pytest.raises(BlockingIOError):
            forbidden.accept()


def test_this_machine_is_not_called_by_name_or_by_number(names: dict[str, list[list[str]]]) -> None:
    names["inside.example"] = [["127.0.0.1"]]
    names["mixed.example"] = [["93.184.215.14", "169.254.169.254"]]
    for url in ("https://inside.example/", "https://mixed.example/", "https://127.0.0.1/"):
        with pytest.raises(AddressRefused):
            post(url)


@pytest.mark.usefixtures("loopback")
def test_a_name_that_changes_its_mind_is_looked_up_once(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def keep(address: reach.Address) -> bool:
        judged.append(str(address))
        return str(address) == "127.0.0.1"

    monkeypatch.setattr(reach, "may_reach", keep)
    for server in serving():
        port = server.url.rpartition(":")[2]
        names["rebinding.example"] = [["127.0.0.1"], ["10.0.0.1"]]
        assert post(f"http://rebinding.example:{port}/").status == 200
        assert judged == ["127.0.0.1"]
        assert f"host: rebinding.example:{port}".encode() in server.requests[0].lower()
        with pytest.raises(AddressRefused):
            post(f"http://rebinding.example:{port}/")
        assert server.connections == 1


def test_a_name_server_that_never_answers_holds_one_thread_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = [], threading.Event()

    def look_up(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        answer.wait(10)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    async def many() -> list[str]:
        calls = [outside.call("POST", "https://slow.example/", headers={}) for _ in range(5)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        answer.set()
        return [str(one) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(outside, "CONNECT_SECONDS", 0.1)
    told = asyncio.run(many())
    assert asked == ["slow.example"]
    assert set(told) == {"the name slow.example leads to no public address"}


@pytest.mark.usefixtures("loopback")
def test_tls_asks_for_the_name_and_believes_only_its_certificate(
    names: dict[str, list[list[str]]], tmp_path: Path
) -> None:
    asked: list[str | None] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        _own_certificate(tmp_path, asked).wrap_socket(listener, server_side=True) as server,
    ):
        names["hooks.example"] = [["127.0.0.1"]]
        port = listener.getsockname()[1] if listener.fileno() >= 0 else server.getsockname()[1]
        with pytest.raises(NotSent, match="certificate"):
            asyncio.run(_both(server, f"https://hooks.example:{port}/"))
    assert asked == ["hooks.example"]


async def _both(server: ssl.SSLSocket, url: str) -> None:
    def accept() -> None:
        try:
            server.accept()
        except OSError:
            return

    waiting = asyncio.get_running_loop().run_in_executor(None, accept)
    try:
        await outside.call("POST", url, headers={})
    finally:
        await waiting


def _own_certificate(folder: Path, asked: list[str | None]) -> ssl.SSLContext:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command: Sequence[str] = (
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example", "-keyout", str(key),
        "-out", str(certificate),
    )  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _, name, __: asked.append(name)
    return context


@pytest.mark.usefixtures("loopback")
def test_what_certainly_did_not_arrive_is_told_apart_from_what_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "TOTAL_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(NotSent):
        post(f"http://127.0.0.1:{port}/")
    for server in serving(DROP, HANG):
        with pytest.raises(NoAnswer):
            post(server.url)
        with pytest.raises(NoAnswer, match="no whole answer"):
            post(server.url)


def test_a_name_that_leads_nowhere_was_not_sent_to(names: dict[str, list[list[str]]]) -> None:
    with pytest.raises(NotSent, match=r"gone\.example leads to no public address"):
        post("https://gone.example/")


def test_an_inner_name_reads_like_one_that_does_not_exist(names: dict[str, list[list[str]]]) -> None:
    names["inner.example"] = [["10.0.0.7"]]
    with pytest.raises(AddressRefused) as inner:
        post("https://inner.example/")
    with pytest.raises(NotSent) as gone:
        post("https://gone.example/")
    assert inner.value.message.replace("inner.", "gone.") == str(gone.value)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_called_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        post("https://hooks.example/")
