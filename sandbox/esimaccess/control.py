"""The vendor's own control routes: move lines through their life, change the catalogue."""

import json
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.esimaccess import life, packages
from sandbox.esimaccess.lines import SELECT, Line, from_row, named, save, shown, tell
from sandbox.esimaccess.moments import DAY
from sandbox.kit.books import JsonObject
from sandbox.kit.control import control_body, control_route
from sandbox.kit.desk import Desk

MAX_REPEAT = 100
LARGEST = 1e18
MAX_DELAY_SECONDS = 30 * DAY


class LineControl:
    """Handlers that need the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Routes under /_control."""
        return [
            control_route("/_control/lines/{key}", self.show, ("GET",)),
            control_route("/_control/lines/{key}/advance", self.advance),
            control_route("/_control/packages/{code}", self.package, ("GET", "POST")),
        ]

    async def show(self, request: Request) -> object:
        """A line as the vendor holds it, delivered or not, with the SMS it got."""
        line = self._line(request)
        row = self._desk.books.row(f"{SELECT} where line.id = ?", (line.id,))
        sms = self._desk.books.rows("select message from sms where line_id = ? order by id", (line.id,))
        assert row is not None
        return {**shown(row), "sms": [entry["message"] for entry in sms]}

    async def advance(self, request: Request) -> object:
        """Move a line and tell the webhook; answers the new state and the kinds of notifications."""
        wish = await control_body(request)
        line = self._line(request)
        now = self._desk.clock.timestamp()
        if line.ready_at > now:
            raise ValueError("the line is not delivered yet")
        repeat, delay = _number(wish, "repeat", 1), _number(wish, "delay_seconds", 0)
        if not 1 <= repeat <= MAX_REPEAT or not 0 <= delay <= MAX_DELAY_SECONDS:
            raise ValueError(f"repeat must be 1 to {MAX_REPEAT}, delay_seconds 0 to {MAX_DELAY_SECONDS}")
        used = None if wish.get("bytes") is None else int(_number(wish, "bytes", 0))
        moved, news = life.advance(line, str(wish.get("to")), used, now)
        with self._desk.books.transaction():
            save(self._desk, moved)
            if wish.get("notify", True):
                tell(self._desk, news, delay=delay, repeat=int(repeat))
        return {**_state(moved), "notifications": [entry.kind for entry in news]}

    async def package(self, request: Request) -> object:
        """Read or change one package."""
        code = str(request.path_params["code"])
        if request.method == "GET":
            return packages.describe(self._desk, code)
        return packages.change(self._desk, code, await control_body(request))

    def _line(self, request: Request) -> Line:
        key = str(request.path_params["key"])
        line = named(self._desk, key)
        if line is None:
            raise ValueError(f"no line {key!r}: give an esimTranNo or an ICCID")
        return line


def _number(wish: JsonObject, name: str, default: float) -> float:
    value: Any = wish.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST < value < LARGEST:
        raise ValueError(f"{name} must be a number")
    return float(value)


def _state(line: Line) -> JsonObject:
    return {
        "esimTranNo": line.tran_no,
        "iccid": line.iccid,
        "esimStatus": line.esim_status,
        "smdpStatus": line.smdp_status,
        "orderUsage": line.used,
        "totalVolume": line.total_volume,
        "packages": len(json.loads(line.plans)),
    }


def let_time_pass(desk: Desk) -> None:
    """After the clock moved: lines past their end expire, lines with a day left are warned about, once."""
    now = desk.clock.timestamp()
    due = desk.books.rows(
        f"{SELECT} where sale.ready_at <= ? and line.esim_status in ('GOT_RESOURCE', 'IN_USE', 'USED_UP', 'SUSPENDED')"
        " and (line.expires_at <= ? or (line.expires_at <= ? and line.warned = 0 and line.esim_status = 'IN_USE'))",
        (now, now, now + DAY),
    )
    with desk.books.transaction():
        for row in due:
            line = from_row(row)
            moved, news = life.advance(line, "expired" if line.expires_at <= now else "expiring", None, now)
            save(desk, moved)
            tell(desk, news)
