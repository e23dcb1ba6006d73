"""The bearer token: fetched by client credentials, kept until shortly before it ends, shared by all calls."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlencode

from simplane.core.http import Answer
from simplane.suppliers.oneglobal import wire
from simplane.suppliers.oneglobal.errors import refusal
from simplane.suppliers.outcomes import Blocked, Ok, Result
from simplane.suppliers.transport import Call, Transport
from simplane.suppliers.values import SupplierOptions

PATH = "/auth/realms/connect/protocol/openid-connect/token"
"""Not published; by analogy with their Enterprise API (reference 3.1). The option `token_url` says otherwise."""
EARLY_SECONDS = 30.0


class Tokens:
    """The token of one account in one event loop."""

    def __init__(self, account: str, url: str, client_id: str, client_secret: str, options: SupplierOptions) -> None:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self._form = urlencode(form).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        secrets = (client_secret, urlencode({"": client_secret})[1:])
        self._transport = Transport(account, url, options, sign=lambda _: headers, secrets=secrets)
        self._lock = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    @property
    def held(self) -> str:
        """The token `fresh` gave last."""
        return self._token

    async def fresh(self, refused: str = "") -> Result[str]:
        """A token that is still good for a while; a new one when the held one is `refused`."""
        async with self._lock:
            if self._token and self._token != refused and time.monotonic() < self._good_until:
                return Ok(self._token)
            call = Call(operation="token", method="POST", path="", body=self._form)
            found = await self._transport.call(call, _read)
            if isinstance(found, Ok):
                self._token = found.value.access_token
                self._good_until = time.monotonic() + max(found.value.expires_in - EARLY_SECONDS, 1.0)
                return Ok(self._token)
            return found

    async def close(self) -> None:
        """Let the connections go."""
        await self._transport.close()


def _read(answer: Answer) -> Result[wire.Token]:
    if answer.status == 200:
        return Ok(wire.token.decode(answer.body))
    if answer.status == 400:
        return Blocked("the token endpoint refuses our credentials", "400", "key")
    return refusal(answer)
