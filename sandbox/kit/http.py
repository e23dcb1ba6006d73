"""The two values that cross a handler's border, and the connection that can be cut without an answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.kit.books import JsonObject

TRANSPORT_KEY = "sandbox.transport"
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it. `operation` is the name fault rules use.

    `notes` is for the vendor: what `admit` found out and `finish` wants to say.
    """

    operation: str
    method: str
    path: str
    path_params: Mapping[str, Any]
    query: QueryParams
    headers: Headers
    body: bytes
    client: str
    notes: dict[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        """The body parsed; raises ValueError when it is not JSON in UTF-8."""
        return json.loads(self.body)

    def json_object(self) -> JsonObject:
        """The body when it is a JSON object, else an empty one: vendors answer both with their own refusal."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `body` is sent as it is; `dropped` means: close the connection without any answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False


Handler = Callable[[Call], Reply | Awaitable[Reply]]

DROPPED = Reply(status=0, dropped=True)


def json_reply(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer."""
    return Reply(status, dump(content), JSON_TYPE, headers or {})


def text_reply(text: str, status: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A text/plain answer."""
    return Reply(status, text.encode(), "text/plain; charset=utf-8", headers or {})


def html_reply(html: str, status: int = 200) -> Reply:
    """An HTML page."""
    return Reply(status, html.encode(), "text/html; charset=utf-8")


def dump(content: Any) -> bytes:
    """JSON without spare blanks, text kept as UTF-8."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


async def read_call(request: Request, operation: str) -> Call:
    """Take the whole request in before anything is decided."""
    return Call(
        operation=operation,
        method=request.method,
        path=request.url.path,
        path_params=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=await request.body(),
        client=request.client.host if request.client else "",
    )


class CutConnection(Response):
    """Closes the socket instead of answering: the caller sees end of file, no status line, no bytes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del send
        cast(asyncio.Transport, scope[TRANSPORT_KEY]).abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def to_response(reply: Reply) -> Response:
    """What Starlette sends for a reply."""
    if reply.dropped:
        return CutConnection()
    response = Response(reply.body, reply.status, headers=dict(reply.headers))
    if reply.content_type:
        response.headers["content-type"] = reply.content_type
    return response


class CuttableProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 protocol that also shows the application the socket it is talking on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport where `CutConnection` finds it."""
        super().connection_made(transport)
        application = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope[TRANSPORT_KEY] = transport
            await application(scope, receive, send)

        self.app = with_transport
