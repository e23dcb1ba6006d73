"""Control routes of this stand-in: move a line, send any callback."""

import json

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.esimgo.callbacks import SIGNATURES, Manner
from sandbox.esimgo.lifecycle import Lifecycle
from sandbox.esimgo.office import Office
from sandbox.kit.books import JsonObject
from sandbox.kit.control import BadControlError, control_body, control_route
from sandbox.kit.http import dump

MOST_REPEATS = 100


def manner_of(body: JsonObject) -> Manner:
    """How to send callbacks: notify, signature, repeat, delay_seconds. Raises BadControlError."""
    signature, repeat = body.get("signature", "good"), body.get("repeat", 1)
    if signature not in SIGNATURES:
        raise BadControlError(f"signature must be one of {', '.join(SIGNATURES)}")
    if isinstance(repeat, bool) or not isinstance(repeat, int) or not 1 <= repeat <= MOST_REPEATS:
        raise BadControlError(f"repeat must be between 1 and {MOST_REPEATS}")
    delay = body.get("delay_seconds", 0)
    if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        raise BadControlError("delay_seconds must be a number of 0 or more")
    return Manner(body.get("notify", True) is True, signature, repeat, float(delay))


class Controls:
    """Handlers of /_control/lines and /_control/callbacks/send."""

    def __init__(self, office: Office, lifecycle: Lifecycle) -> None:
        self._office = office
        self._lifecycle = lifecycle

    def routes(self) -> list[BaseRoute]:
        """Both routes."""
        return [
            control_route("/_control/lines", self.lines, ("GET",)),
            control_route("/_control/lines/{iccid}/advance", self.advance),
            control_route("/_control/callbacks/send", self.send),
        ]

    async def lines(self, request: Request) -> object:
        """The newest eSIMs with their states."""
        limit = int(request.query_params.get("limit", "100"))
        rows = self._office.books.rows("select * from esim order by created_ns desc limit ?", (limit,))
        return {"lines": [dict(row) for row in rows]}

    async def advance(self, request: Request) -> object:
        """{"to": ..., "bytes": n, "country": "FR", "notify", "signature", "repeat", "delay_seconds"}."""
        body, iccid = await control_body(request), str(request.path_params["iccid"])
        self._lifecycle.advance(iccid, str(body.get("to")), manner_of(body), body)
        row = self._office.books.row("select * from esim where iccid = ?", (iccid,))
        bundles = self._office.books.rows("select * from assignment where iccid = ? order by id", (iccid,))
        return {"line": dict(row) if row else None, "bundles": [dict(bundle) for bundle in bundles]}

    async def send(self, request: Request) -> object:
        """{"body": {...}} or {"raw": "text"}: any callback, however wrong."""
        body = await control_body(request)
        raw = body.get("raw")
        content = raw.encode() if isinstance(raw, str) else dump(body.get("body", {}))
        self._office.callbacks.send_raw(content, "sent by hand", manner_of(body))
        return {"sent": json.dumps(content.decode())}
