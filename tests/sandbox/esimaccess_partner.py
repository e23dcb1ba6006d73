"""A partner of the eSIM Access stand-in: calls its API and receives its webhooks."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

from tests.standins import Standin, start

BASE = "/api/v1/open"
ACCESS_CODE = "ea_sandbox_access_0001"
SECRET_KEY = "ea_sandbox_secret_0001"
WAIT_SECONDS = 15
PAGE = {"pageNum": 1, "pageSize": 50}

SETTINGS = {"rate_limit_per_second": 0, "ready_after_ms": 30_000}

Json = dict[str, Any]


class Partner:
    """Calls with the right access code. `standin` is the process behind it."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self.client = httpx2.Client(
            base_url=standin.url + BASE, headers={"RT-AccessCode": ACCESS_CODE}, timeout=30, trust_env=False
        )

    def forget(self) -> None:
        """Empty books, default settings, but profiles that wait for the clock and no throttle."""
        self.standin.control("reset", "POST", settings=True)
        self.standin.settings(**SETTINGS)

    def raw(self, path: str, body: Json | None = None, headers: dict[str, str] | None = None) -> httpx2.Response:
        """One call as HTTP answered it."""
        return self.client.post(path, content=json.dumps(body or {}), headers=headers)

    def envelope(self, path: str, body: Json | None = None) -> Json:
        """The whole answer of a call that HTTP calls fine."""
        answer = self.raw(path, body)
        assert answer.status_code == 200, answer.text
        parsed: Json = answer.json()
        return parsed

    def obj(self, path: str, body: Json | None = None) -> Json:
        """What a successful call brings."""
        answer = self.envelope(path, body)
        assert answer["success"] is True, answer
        inside: Json = answer["obj"]
        return inside

    def refusal(self, path: str, body: Json | None = None) -> str:
        """The error code of a refused call."""
        answer = self.envelope(path, body)
        assert answer["success"] is False, answer
        assert answer["obj"] is None
        return str(answer["errorCode"])

    def order(self, transaction_id: str, slug: str = "ES_3_30", **item: Any) -> str:
        """Buy and return the order number."""
        listed = [{"slug": slug, "count": 1, **item}]
        return str(self.obj("/esim/order", {"transactionId": transaction_id, "packageInfoList": listed})["orderNo"])

    def lines(self, **by: str) -> list[Json]:
        """The lines of a query."""
        found: list[Json] = self.obj("/esim/query", {**by, "pager": PAGE})["esimList"]
        return found

    def line(self, transaction_id: str, slug: str = "ES_3_30", **item: Any) -> Json:
        """Buy one eSIM and let the time pass until it is delivered."""
        number = self.order(transaction_id, slug, **item)
        self.standin.control("clock", advance_seconds=31)
        return self.lines(orderNo=number)[0]

    def again(self, line: Json) -> Json:
        """The same line as it is now."""
        return self.lines(esimTranNo=line["esimTranNo"])[0]

    def move(self, line: Json, to: str, **wish: Any) -> Json:
        """Let something happen to a line."""
        moved: Json = self.standin.control(f"lines/{line['esimTranNo']}/advance", to=to, **wish)
        return moved

    def totals(self) -> Json:
        """The books' totals."""
        sums: Json = self.standin.books(summary=True)
        return sums


@contextmanager
def partner_of(folder: Path) -> Iterator[Partner]:
    """A running stand-in and its partner."""
    with start("esimaccess", folder, **SETTINGS) as standin:
        partner = Partner(standin)
        try:
            yield partner
        finally:
            partner.client.close()


class Inbox:
    """A webhook endpoint: keeps what it gets and answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: queue.Queue[Json] = queue.Queue()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inbox.bodies.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(inbox.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/esimaccess"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def next(self) -> Json:
        """The next notification; fails the test when none comes."""
        return self.bodies.get(timeout=WAIT_SECONDS)

    def take(self, count: int) -> list[Json]:
        """The next `count` notifications."""
        return [self.next() for _ in range(count)]

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@contextmanager
def inbox_of(partner: Partner) -> Iterator[Inbox]:
    """A webhook endpoint registered by the API, its CHECK_HEALTH already read."""
    inbox = Inbox()
    try:
        partner.obj("/webhook/save", {"webhook": inbox.url})
        assert inbox.next()["notifyType"] == "CHECK_HEALTH"
        yield inbox
    finally:
        inbox.close()
