"""The desk every call comes to: it admits, applies faults and latency, calls the vendor's handler and journals."""

import asyncio
import inspect
import json
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.books import Books, JsonObject
from sandbox.kit.clock import Clock
from sandbox.kit.faults import FaultRule, Faults
from sandbox.kit.http import DROPPED, Call, Handler, Reply, dump, html_reply, json_reply, read_call, to_response
from sandbox.kit.sender import Sender
from sandbox.kit.settings import Settings

JOURNAL_BODY_LIMIT = 4096
SECRET = re.compile(r'("(?:api_?key|password|client_secret|access_token|secret)"\s*:\s*")[^"]*(")', re.IGNORECASE)
ERROR_PAGE = (
    "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the vendor offers. `magic` operations buy: product names in their body can switch faults."""

    name: str
    method: str
    path: str
    handler: Handler
    magic: bool = False


class Vendor:
    """What a stand-in defines. Subclass it; every method here is a sensible default."""

    schema: str = ""
    settings: Mapping[str, Any] = {}
    fault_kinds: Collection[str] = ()
    test_faults: Mapping[str, str] = {}
    """The kind of fault behind a value of the header X-Test-Fault, beside `timeout`. Only operations that buy look at it."""
    opening_balance_minor: int = 0

    def __init__(self, desk: "Desk") -> None:
        self.desk = desk

    def operations(self) -> Sequence[Operation]:
        """Every vendor route."""
        raise NotImplementedError

    def control_routes(self) -> Sequence[BaseRoute]:
        """More routes under /_control (full paths)."""
        return ()

    def load_defaults(self) -> None:
        """Fill empty books (first start and reset)."""

    def admit(self, call: Call) -> Reply | None:
        """Authentication and throttling: a reply refuses the call, None lets it in."""
        del call
        return None

    def finish(self, call: Call, reply: Reply) -> Reply:
        """Last look at every answer, e.g. to add headers."""
        del call
        return reply

    def throttled(self, call: Call, retry_after: int) -> Reply:
        """The vendor's own way to say: too many requests."""
        del call
        return json_reply({"message": "Too Many Requests"}, 429, {"Retry-After": str(retry_after)})

    def failed(self, call: Call, status: int) -> Reply:
        """The vendor's own body for an error status."""
        del call
        return json_reply({"message": "Internal error"}, status)

    def distort(self, call: Call, answer: Any) -> Any:
        """Put a wrong type into a decoded answer (fault `wrong_type`)."""
        del call
        if isinstance(answer, dict) and answer:
            return {**answer, next(iter(answer)): {"unexpected": ["type"]}}
        return {"unexpected": ["type"]}

    async def vendor_fault(self, rule: FaultRule, call: Call, execute: Callable[[], Awaitable[Reply]]) -> Reply:
        """Handle one of `fault_kinds`."""
        raise NotImplementedError(rule.kind)

    def report(self, *, summary: bool) -> JsonObject:
        """The books as `GET /_control/books` answers them."""
        del summary
        return {"orders": [], "charged_minor": 0, "refunded_minor": 0, "balance_minor": 0}

    def settings_changed(self, names: Collection[str]) -> None:
        """After `POST /_control/settings`."""

    def clock_moved(self) -> None:
        """After `POST /_control/clock`."""


class Desk:
    """Books, clock, settings, faults, sender and the way of one call through them."""

    def __init__(self, books: Books, vendor_class: type[Vendor]) -> None:
        self.books = books
        self.clock = Clock(books)
        self.settings = Settings(books, vendor_class.settings, vendor_class.opening_balance_minor)
        self.faults = Faults(books, vendor_class.fault_kinds)
        self.sender = Sender(books, self.clock)
        self.vendor = vendor_class(self)
        if not books.get_state("loaded"):
            self.load()

    def load(self) -> None:
        """Fill empty books with the vendor's default catalogue."""
        self.vendor.load_defaults()
        self.books.set_state("loaded", True)

    def reset(self, *, settings: bool) -> None:
        """Empty the books, drop faults and clock shift, load the defaults again; settings go only when asked."""
        self.books.wipe(keep_state=() if settings else ("settings",))
        if settings:
            self.settings.restore_defaults()
        self.settings.restore_opening_balance()
        self.faults.clear()
        self.clock.reset()
        self.load()

    def routes(self) -> list[Route]:
        """One Starlette route per operation."""
        return [Route(op.path, self._endpoint(op), methods=[op.method]) for op in self.vendor.operations()]

    def _endpoint(self, op: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            call = await read_call(request, op.name)
            rule, reply = await self._answer(op, call)
            reply = reply if reply.dropped else self.vendor.finish(call, reply)
            self._write_journal(call, reply, rule, (time.perf_counter() - started) * 1000)
            return to_response(reply)

        return endpoint

    async def _answer(self, op: Operation, call: Call) -> tuple[FaultRule | None, Reply]:
        refusal = self.vendor.admit(call)
        if refusal is not None:
            return None, refusal
        rule = self._asked_for(op, call) or self.faults.take(op.name, call.body, magic=op.magic)
        reply = await self._run(op, call) if rule is None else await self._fail(rule, op, call)
        await self._lag()
        return rule, reply

    def _asked_for(self, op: Operation, call: Call) -> FaultRule | None:
        asked = call.headers.get("x-test-fault", "") if op.magic else ""
        kind = "drop_after" if asked == "timeout" else self.vendor.test_faults.get(asked)
        return FaultRule(op.name, kind, status=400) if kind else None

    async def _run(self, op: Operation, call: Call) -> Reply:
        result = op.handler(call)
        return await result if inspect.isawaitable(result) else result

    async def _lag(self) -> None:
        # The wait comes after the work: a caller that gives up early has bought all the same.
        latency = self.settings.number("latency_ms")
        if latency > 0:
            await asyncio.sleep(latency / 1000)

    async def _fail(self, rule: FaultRule, op: Operation, call: Call) -> Reply:
        match rule.kind:
            case "drop_before":
                return DROPPED
            case "status_before":
                return self.vendor.failed(call, rule.status)
            case "throttle":
                return self.vendor.throttled(call, rule.retry_after)
            case "delay":
                reply = await self._run(op, call)
                await asyncio.sleep(rule.seconds)
                return reply
            case "html":
                return html_reply(ERROR_PAGE, rule.status if rule.status != 500 else 502)
            case "drop_after" | "status_after" | "empty" | "malformed" | "wrong_type" | "extra_field":
                return self._spoil(rule, call, await self._run(op, call))
            case _:
                return await self.vendor.vendor_fault(rule, call, lambda: self._run(op, call))

    def _spoil(self, rule: FaultRule, call: Call, reply: Reply) -> Reply:
        match rule.kind:
            case "drop_after":
                return DROPPED
            case "status_after":
                return self.vendor.failed(call, rule.status)
            case "empty":
                return replace(reply, body=b"")
            case "malformed":
                return replace(reply, body=reply.body[: max(1, len(reply.body) // 2)])
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return reply
        if rule.kind == "wrong_type":
            return replace(reply, body=dump(self.vendor.distort(call, answer)))
        return replace(reply, body=dump(with_extra_field(answer)))

    def _write_journal(self, call: Call, reply: Reply, rule: FaultRule | None, ms: float) -> None:
        if not self.settings["journal"]:
            return
        text = call.body[:JOURNAL_BODY_LIMIT].decode(errors="replace")
        self.books.execute(
            "insert into kit_journal (at, operation, method, path, body, status, ms, fault) values (?,?,?,?,?,?,?,?)",
            (
                self.clock.now().isoformat(),
                call.operation,
                call.method,
                f"{call.path}?{call.query}" if call.query else call.path,
                SECRET.sub(r"\1<redacted>\2", text),
                reply.status,
                round(ms, 2),
                rule.kind if rule else None,
            ),
        )


def with_extra_field(answer: Any) -> Any:
    """The same answer with a harmless field a later version of the vendor might add, at two depths."""
    if isinstance(answer, list):
        return [with_extra_field(entry) for entry in answer]
    if not isinstance(answer, dict):
        return answer
    deeper = {
        key: {**value, "sandboxExtra": True} if isinstance(value, dict) else value for key, value in answer.items()
    }
    return {**deeper, "sandboxExtra": {"note": "added by a newer version"}}
