"""eSIM Go over HTTP: addresses, key, and one reader for every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from simplane.core.http import MOST_BYTES, Answer
from simplane.suppliers.esimgo.errors import About, refusal
from simplane.suppliers.outcomes import Ok, Result
from simplane.suppliers.transport import Call, Reader, Transport
from simplane.suppliers.values import SupplierOptions

T = TypeVar("T")
V = TypeVar("V")
VERSIONS = ("2.5", "2.4")
CATALOGUE_COST = 5
"""Catalogue and networks take about five of the ten requests a second (reference 1.6)."""
CATALOGUE_BYTES = 32 * 1024 * 1024


class Client:
    """One account's calls. A path is given without version; `query` values may repeat a name."""

    def __init__(self, account: str, base_url: str, key: str, version: str, options: SupplierOptions) -> None:
        headers = {"X-API-Key": key, "Accept": "application/json", "Content-Type": "application/json"}
        self._transport = Transport(
            account, f"{_bare(base_url)}/v{version}", options, sign=lambda _: headers, secrets=(key,)
        )

    async def read(
        self,
        operation: str,
        path: str,
        read: Callable[[bytes], Result[T]],
        *,
        query: Sequence[tuple[str, str]] = (),
        about: About = "account",
    ) -> Result[T]:
        """A GET."""
        costly = operation in ("catalogue", "networks")
        call = Call(
            operation=operation,
            method="GET",
            path=f"{path}?{urlencode(query)}" if query else path,
            cost=CATALOGUE_COST if costly else 1,
            most_bytes=CATALOGUE_BYTES if costly else MOST_BYTES,
        )
        return await self._transport.call(call, _reader(read, about, changes=False))

    async def send(
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[bytes], Result[T]],
        *,
        body: bytes = b"",
        about: About = "account",
        changes: bool = True,
    ) -> Result[T]:
        """A call that buys or changes something (or, without `changes`, a dry run)."""
        call = Call(operation=operation, method=method, path=path, body=body, changes=changes)
        return await self._transport.call(call, _reader(read, about, changes=changes))

    async def close(self) -> None:
        """Let the connections go."""
        await self._transport.close()


def _reader(read: Callable[[bytes], Result[T]], about: About, *, changes: bool) -> Reader[T]:
    def outcome(answer: Answer) -> Result[T]:
        if answer.status in (200, 201):
            return read(answer.body)
        return refusal(answer, about, changes=changes)

    return outcome


def ok(decoder: msgspec.json.Decoder[T]) -> Callable[[bytes], Result[T]]:
    """A reader that takes the answer as it is."""
    return lambda body: Ok(decoder.decode(body))


def part(text: str) -> str:
    """One part of a path, safely quoted."""
    return quote(text, safe="")


def _bare(base_url: str) -> str:
    """The base URL without a version: the option chooses it."""
    url = base_url.rstrip("/")
    for version in VERSIONS:
        url = url.removesuffix(f"/v{version}")
    return url


def keys_of(credentials: Mapping[str, Any]) -> tuple[str, ...]:
    """The present API key and older ones that may still sign webhooks."""
    older = credentials.get("previous_api_keys") or ()
    return tuple(str(key) for key in (credentials.get("api_key"), *older) if key)
