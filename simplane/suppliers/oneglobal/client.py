"""1GLOBAL Connect over HTTP: a token, the version we speak, keys, and lists by cursor."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from simplane.core.http import Answer
from simplane.suppliers.oneglobal import wire
from simplane.suppliers.oneglobal.errors import RUNNING, refusal
from simplane.suppliers.oneglobal.tokens import PATH, Tokens
from simplane.suppliers.outcomes import Blocked, Ok, Result, Retryable
from simplane.suppliers.transport import Call, Transport
from simplane.suppliers.values import SupplierOptions

T = TypeVar("T")
VERSION = "2026-02-05"
BASE_PATH = "/connect"
PAGE = 40
MOST_PAGES = 200


class Client:
    """One account's calls. A path follows `/connect`."""

    def __init__(self, account: str, base_url: str, credentials: Mapping[str, Any], options: SupplierOptions) -> None:
        root = base_url.rstrip("/").removesuffix(BASE_PATH)
        secret, hook = str(credentials.get("client_secret", "")), str(credentials.get("webhook_password", ""))
        self._transport = Transport(
            account, root + BASE_PATH, options, sign=self._headers, secrets=(secret, hook, quote(hook, safe=""))
        )
        token_url = str(options.extra.get("token_url") or PATH)
        self._tokens = Tokens(
            account,
            token_url if "://" in token_url else root + token_url,
            str(credentials.get("client_id", "")),
            secret,
            options,
        )

    async def read(self, operation: str, path: str, read: Callable[[bytes], Result[T]], **query: str) -> Result[T]:
        """A GET."""
        call = Call(operation=operation, method="GET", path=f"{path}?{urlencode(query)}" if query else path)
        return await self._call(call, read)

    async def send(
        self,
        operation: str,
        path: str,
        read: Callable[[bytes], Result[T]],
        *,
        body: Mapping[str, Any] | None = None,
        key: str = "",
        changes: bool = True,
    ) -> Result[T]:
        """A POST. With `key` the same request counts once within 24 hours."""
        call = Call(
            operation=operation,
            method="POST",
            path=path,
            body=b"" if body is None else msgspec.json.encode(body),
            changes=changes,
            repeat_on=frozenset({RUNNING}) if key else frozenset(),
            headers={"Idempotency-Key": key} if key else {},
        )
        return await self._call(call, read)

    async def _call(self, call: Call, read: Callable[[bytes], Result[T]]) -> Result[T]:
        def outcome(answer: Answer) -> Result[T]:
            if answer.status in (200, 201):
                return read(answer.body)
            return refusal(answer, key=call.headers.get("Idempotency-Key", ""), changes=call.changes)

        token = await self._tokens.fresh()
        if not isinstance(token, Ok):
            return token
        found = await self._transport.call(call, outcome)
        if not (isinstance(found, Blocked) and found.code == "401"):
            return found
        # Ended before its time, or by their restart. A refused token executed nothing.
        renewed = await self._tokens.fresh(refused=token.value)
        return await self._transport.call(call, outcome) if isinstance(renewed, Ok) else renewed

    async def pages(
        self, operation: str, path: str, name: str, **query: str
    ) -> AsyncIterator[Result[list[msgspec.Raw]]]:
        """The entries of a list page by page; what is no Ok ends it, as do MOST_PAGES."""
        cursor = ""
        for _ in range(MOST_PAGES):
            asked = {**query, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            found = await self.read(operation, path, _page(name), **asked)
            if not isinstance(found, Ok):
                yield found
                return
            entries, cursor = found.value
            yield Ok(entries)
            if not cursor:
                return
        yield Retryable(f"more than {MOST_PAGES} pages of {name}", "too_many")

    async def everything(
        self, operation: str, path: str, name: str, decoder: msgspec.json.Decoder[T], **query: str
    ) -> Result[list[T]]:
        """A whole list."""
        found: list[T] = []
        async for page in self.pages(operation, path, name, **query):
            if not isinstance(page, Ok):
                return page
            try:
                found += [decoder.decode(entry) for entry in page.value]
            except msgspec.DecodeError as problem:
                return Retryable(f"an entry of {name} that can not be read: {problem}"[:300], "unreadable")
        return Ok(found)

    def _headers(self, body: bytes) -> Mapping[str, str]:
        headers = {
            "Authorization": f"Bearer {self._tokens.held}",
            "Api-Version": VERSION,
            "Correlation-Id": uuid.uuid4().hex,
            "Accept": "application/hal+json",
        }
        return {**headers, "Content-Type": "application/json"} if body else headers

    async def close(self) -> None:
        """Let the connections go."""
        await self._transport.close()
        await self._tokens.close()


def ok(decoder: msgspec.json.Decoder[T]) -> Callable[[bytes], Result[T]]:
    """A reader that takes the answer as it is."""
    return lambda body: Ok(decoder.decode(body))


def part(text: str) -> str:
    """An id as a part of a path."""
    return quote(text, safe="")


def _page(name: str) -> Callable[[bytes], Result[tuple[list[msgspec.Raw], str]]]:
    def read(body: bytes) -> Result[tuple[list[msgspec.Raw], str]]:
        page = wire.page.decode(body)
        return Ok((page.embedded[name], page.cursor))

    return read
