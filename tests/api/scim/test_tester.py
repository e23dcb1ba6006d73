"""`scim2-tester` over real HTTP: what the peer suite calls an error is one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx2
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection

from simplane.core import tenancy
from simplane.workforce.tokens import create_token
from tests.companies import company

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@pytest.mark.django_db(transaction=True)
def test_the_peer_suite_finds_nothing_wrong() -> None:
    # They take seconds to import, which workers that run other tests need not pay.
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import Status, check_server

    with tenancy.scope(company().pk):
        secret = create_token("tester").secret

    headers = {"Authorization": f"Bearer {secret}"}
    with serving() as url, httpx2.Client(base_url=f"{url}/scim/v2", headers=headers, transport=GoneIsGone()) as http:
        results = check_server(SyncSCIMClient(http))

    assert [f"{one.title} {one.resource_type}: {one.reason}" for one in results if one.status is Status.ERROR] == []
    assert {one.resource_type for one in results if one.status is Status.SUCCESS} >= {"User", "Group"}


class GoneIsGone(httpx2.HTTPTransport):
    """The suite deletes all that it ever made after each of its checks: 500 requests for what is gone are not sent."""

    def __init__(self) -> None:
        super().__init__()
        self._gone: set[httpx2.URL] = set()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE" and request.url in self._gone:
            return httpx2.Response(404, json={"schemas": [ERROR], "status": "404"})
        answer = super().handle_request(request)
        if request.method == "DELETE" and answer.status_code == 204:
            self._gone.add(request.url)
        return answer


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the suite reads results, not logs."""


@contextmanager
def serving() -> Iterator[str]:
    """Our web application on a port, in one thread with one connection: pytest's own server opens one a request."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Silent)
    thread = threading.Thread(target=_serve, args=(server.serve_forever,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _serve(forever: object) -> None:
    try:
        forever(poll_interval=0.05)  # type: ignore[operator]
    finally:
        connection.close()
