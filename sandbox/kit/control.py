"""The control routes every stand-in has. They are open: bind to loopback only."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk


class BadControlError(ValueError):
    """A control request that cannot be understood; answered 400, nothing was changed."""


async def control_body(request: Request) -> JsonObject:
    """The JSON object sent ({} for an empty body). Raises BadControlError for anything else."""
    raw = await request.body()
    if not raw:
        return {}
    try:
        parsed = await request.json()
    except ValueError as problem:
        raise BadControlError("the body must be JSON") from problem
    if not isinstance(parsed, dict):
        raise BadControlError("the body must be a JSON object")
    return parsed


def control_route(
    path: str, handler: Callable[[Request], Awaitable[object]], methods: tuple[str, ...] = ("POST",)
) -> Route:
    """A control route whose handler returns something JSON can hold; ValueError becomes a 400 with its text."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await handler(request))
        except (KeyError, TypeError, ValueError) as problem:
            return JSONResponse({"error": str(problem)}, 400)

    return Route(path, endpoint, methods=list(methods))


class Control:
    """Handlers of the common routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """All common routes plus the vendor's own."""
        return [
            control_route("/_control/health", self.health, ("GET",)),
            control_route("/_control/faults", self.faults, ("GET", "POST", "DELETE")),
            control_route("/_control/seed", self.seed),
            control_route("/_control/clock", self.clock, ("GET", "POST")),
            control_route("/_control/settings", self.settings, ("GET", "POST")),
            control_route("/_control/books", self.books, ("GET",)),
            control_route("/_control/journal", self.journal, ("GET",)),
            control_route("/_control/deliveries", self.deliveries, ("GET",)),
            control_route("/_control/callbacks/hold", self.hold),
            control_route("/_control/callbacks/release", self.release),
            control_route("/_control/reset", self.reset),
            *self._desk.vendor.control_routes(),
        ]

    async def health(self, request: Request) -> object:
        """Alive, and what time it is here."""
        del request
        return {"ok": True, "now": self._desk.clock.now().isoformat()}

    async def faults(self, request: Request) -> object:
        """Read, add or clear fault rules."""
        if request.method == "POST":
            self._desk.faults.add(await control_body(request))
        elif request.method == "DELETE":
            self._desk.faults.clear()
        return {"faults": self._desk.faults.as_json(), "kinds": list(self._desk.faults.kinds)}

    async def seed(self, request: Request) -> object:
        """Restart the dice of random faults."""
        seed = int((await control_body(request)).get("seed", 0))
        self._desk.faults.seed(seed)
        return {"seed": seed}

    async def clock(self, request: Request) -> object:
        """Read the virtual clock or push it forward."""
        if request.method == "POST":
            self._desk.clock.advance(float((await control_body(request)).get("advance_seconds", 0)))
            self._desk.vendor.clock_moved()
        return {"now": self._desk.clock.now().isoformat(), "shift_seconds": self._desk.clock.shift_seconds}

    async def settings(self, request: Request) -> object:
        """Read or change settings."""
        if request.method == "POST":
            changes = await control_body(request)
            self._desk.settings.update(changes)
            self._desk.vendor.settings_changed(list(changes))
        return self._desk.settings.as_json()

    async def books(self, request: Request) -> object:
        """What was bought, for which reference, what was charged and refunded."""
        return self._desk.vendor.report(summary=request.query_params.get("summary") == "1")

    async def journal(self, request: Request) -> object:
        """The last calls received, newest first."""
        limit = int(request.query_params.get("limit", "100"))
        rows = self._desk.books.rows("select * from kit_journal order by id desc limit ?", (limit,))
        return {"calls": [dict(row) for row in rows]}

    async def deliveries(self, request: Request) -> object:
        """The last webhooks, newest first."""
        limit = int(request.query_params.get("limit", "200"))
        return {"held": self._desk.sender.held, "deliveries": self._desk.sender.as_json(limit)}

    async def hold(self, request: Request) -> object:
        """Keep webhooks back."""
        del request
        self._desk.sender.hold()
        return {"held": True}

    async def release(self, request: Request) -> object:
        """Send the webhooks that were kept back: order fifo, reverse or shuffle."""
        order = str((await control_body(request)).get("order", "fifo"))
        return {"released": self._desk.sender.release(order)}

    async def reset(self, request: Request) -> object:
        """Empty the books and load the default catalogue; {"settings": true} forgets settings too."""
        self._desk.reset(settings=bool((await control_body(request)).get("settings", False)))
        return {"ok": True}
