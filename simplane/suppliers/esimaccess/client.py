"""eSIM Access over HTTP: everything is a POST of JSON, signed when the account has a secret key."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from simplane.core.http import MOST_BYTES, Answer
from simplane.suppliers.esimaccess import wire
from simplane.suppliers.esimaccess.errors import refusal, refused_by_http
from simplane.suppliers.outcomes import Ok, Result
from simplane.suppliers.transport import Call, Transport
from simplane.suppliers.values import SupplierOptions

T = TypeVar("T")
BASE_PATH = "/api/v1/open"


class Client:
    """One account's calls. A path follows `/api/v1/open`."""

    def __init__(
        self, account: str, base_url: str, access_code: str, secret_key: str, options: SupplierOptions
    ) -> None:
        self._access_code = access_code
        self._secret_key = secret_key
        root = base_url.rstrip("/").removesuffix(BASE_PATH)
        self._transport = Transport(
            account, root + BASE_PATH, options, sign=self._headers, secrets=(access_code, secret_key)
        )

    async def call(
        self,
        operation: str,
        path: str,
        body: Mapping[str, Any],
        read: Callable[[bytes], Result[T]],
        *,
        changes: bool = False,
        repeat_on: frozenset[str] = frozenset(),
        most_bytes: int = MOST_BYTES,
    ) -> Result[T]:
        """One call; `read` gets the JSON of `obj`."""
        call = Call(
            operation=operation,
            method="POST",
            path=path,
            body=msgspec.json.encode(body),
            changes=changes,
            repeat_on=repeat_on,
            most_bytes=most_bytes,
        )

        def outcome(answer: Answer) -> Result[T]:
            if answer.status != 200:
                return refused_by_http(answer)
            found = wire.envelope.decode(answer.body)
            return read(bytes(found.obj)) if found.fine else refusal(found)

        return await self._transport.call(call, outcome)

    def _headers(self, body: bytes) -> Mapping[str, str]:
        headers = {"RT-AccessCode": self._access_code, "Content-Type": "application/json", "Accept": "application/json"}
        if not self._secret_key:
            return headers
        # Compared with the supplier's own clock, which no setting of ours moves.
        stamp, request_id = str(int(time.time() * 1000)), uuid.uuid4().hex
        mark = signature(self._secret_key, stamp, request_id, self._access_code, body)
        return {**headers, "RT-Timestamp": stamp, "RT-RequestID": request_id, "RT-Signature": mark}

    async def close(self) -> None:
        """Let the connections go."""
        await self._transport.close()


def signature(secret_key: str, stamp: str, request_id: str, access_code: str, body: bytes) -> str:
    """`hex(HMAC-SHA256(secretKey, RT-Timestamp + RT-RequestID + RT-AccessCode + body))`, over the very bytes sent."""
    signed = f"{stamp}{request_id}{access_code}".encode() + body
    return hmac.new(secret_key.encode(), signed, hashlib.sha256).hexdigest()


def ok(decoder: msgspec.json.Decoder[T]) -> Callable[[bytes], Result[T]]:
    """A reader that takes `obj` as it is."""
    return lambda obj: Ok(decoder.decode(obj))


def done(obj: bytes) -> Result[None]:
    """A reader for answers whose `obj` says nothing."""
    del obj
    return Ok(None)
