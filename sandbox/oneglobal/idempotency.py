"""Idempotency-Key: the same request is answered again for 24 hours, another one is refused, a running one waits."""

import hashlib
from collections.abc import Awaitable, Callable

from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply
from sandbox.oneglobal.hal import HAL, RefusedError

KEPT_SECONDS = 24 * 3600
LONGEST = 255
RUNNING = "A request with this idempotency key is still being processed"
OTHER = "This idempotency key was already used with a different request"


def still_running() -> RefusedError:
    """409."""
    return RefusedError(409, "Conflict", RUNNING, code="idempotency_key_in_use")


class Keys:
    """The keys of one stand-in. Only what succeeded is kept: a refusal changed nothing and may be sent again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: set[str] = set()

    async def once(self, call: Call, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Do the work for a key that is new, else answer as before. Raises RefusedError 409 or 422."""
        key = call.headers.get("idempotency-key", "")
        if not key:
            return await work()
        if len(key) > LONGEST:
            raise RefusedError(400, "Invalid idempotency key", f"at most {LONGEST} characters")
        if key in self._running:
            raise still_running()
        fingerprint = hashlib.sha256(f"{call.method} {call.path}\n".encode() + call.body).hexdigest()
        if (earlier := self._earlier(key, fingerprint)) is not None:
            return earlier
        self._running.add(key)
        try:
            reply = await work()
        finally:
            self._running.discard(key)
        self._keep(key, fingerprint, reply)
        return Reply(reply.status, reply.body, reply.content_type, _headers(key, replayed=False))

    def _earlier(self, key: str, fingerprint: str) -> Reply | None:
        since = self._desk.clock.timestamp() - KEPT_SECONDS
        row = self._desk.books.row("select * from idem where key = ? and at > ?", (key, since))
        if row is None:
            return None
        if row["fingerprint"] != fingerprint:
            raise RefusedError(422, "Unprocessable Content", OTHER, code="idempotency_key_reused", retriable=False)
        return Reply(row["status"], bytes(row["body"]), HAL, _headers(key, replayed=True))

    def _keep(self, key: str, fingerprint: str, reply: Reply) -> None:
        self._desk.books.execute(
            "insert or replace into idem (key, fingerprint, status, body, at) values (?,?,?,?,?)",
            (key, fingerprint, reply.status, reply.body, self._desk.clock.timestamp()),
        )


def _headers(key: str, *, replayed: bool) -> dict[str, str]:
    return {"Idempotency-Key": key, "Idempotent-Replayed": str(replayed).lower()}
