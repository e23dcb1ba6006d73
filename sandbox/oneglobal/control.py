"""The vendor's own control routes: move lines through their life, change the catalogue."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from sandbox.esimaccess.ids import eid
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.control import control_body, control_route
from sandbox.kit.desk import Desk
from sandbox.oneglobal import events, offerings, work
from sandbox.oneglobal.hal import RefusedError
from sandbox.oneglobal.views import shown_product, shown_subscription

THRESHOLD = 0.8
MOST_REPEATS = 100
ON_PHONE = ("installed", "enabled", "disabled")


class LineControl:
    """Handlers that need the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """Routes under /_control."""
        return [
            control_route("/_control/lines/{key}", self.show, ("GET",)),
            control_route("/_control/lines/{key}/advance", self.advance),
            control_route("/_control/offerings/{code}", self.offering),
        ]

    async def show(self, request: Request) -> object:
        """A line and its products as the vendor holds them."""
        return self._state(self._line(request))

    async def advance(self, request: Request) -> object:
        """Move a line and tell the webhook.

        {"to": installed | deleted | active | used | depleted | expired | country | throttled | unthrottled, "bytes",
        "country", "notify", "repeat", "delay_seconds"}
        """
        wish = await control_body(request)
        work.settle(self._desk)
        line, to = self._line(request), str(wish.get("to"))
        if to not in MOVES:
            raise ValueError(f"to must be one of {', '.join(MOVES)}")
        with self._desk.books.transaction():
            MOVES[to](Move(self._desk, line, wish))
        return self._state(line)

    async def offering(self, request: Request) -> object:
        """Change one offering."""
        try:
            return offerings.change(self._desk, str(request.path_params["code"]), await control_body(request))
        except RefusedError as refusal:
            raise ValueError(str(refusal)) from refusal

    def _line(self, request: Request) -> Row:
        key = str(request.path_params["key"])
        row = self._desk.books.row(
            "select s.* from subscription s join profile p on p.id = s.profile where s.code = ? or p.iccid = ?",
            (key, key),
        )
        if row is None:
            raise ValueError(f"no line {key!r}: give a subscription's id or an ICCID")
        return row

    def _state(self, line: Row) -> JsonObject:
        rows = self._desk.books.rows("select * from product where subscription = ? order by id", (line["code"],))
        products = [shown_product(row) | {"offering": row["offering"]} for row in rows]
        return shown_subscription(self._desk, line["code"]) | {"subscriber": line["subscriber"], "products": products}


class Move:
    """One step of one line: what is changed, and how it is told."""

    def __init__(self, desk: Desk, line: Row, wish: JsonObject) -> None:
        self.desk, self.line, self.wish = desk, line, wish
        self.now = desk.clock.timestamp()
        self.repeat, self.delay = int(_number(wish, "repeat", 1)), _number(wish, "delay_seconds", 0)
        if not 1 <= self.repeat <= MOST_REPEATS:
            raise ValueError(f"repeat must be 1 to {MOST_REPEATS}")

    def tell(self, kind: str, data: JsonObject) -> None:
        """An event, unless the wish says to be silent."""
        if self.wish.get("notify", True):
            events.tell(self.desk, kind, data, self.now, repeat=self.repeat, delay=self.delay)

    def profile(self, status: str) -> None:
        """The phone reports."""
        self.desk.books.execute(
            "update profile set status = ?, eid = case when eid = '' then ? else eid end where id = ?",
            (status, eid(self.line["profile"]), self.line["profile"]),
        )
        self.tell(f"subscription.sim_profile.{status}", self.profile_data(status))

    def profile_data(self, status: str) -> JsonObject:
        """Data of an event of the profile."""
        row = self.desk.books.row("select iccid from profile where id = ?", (self.line["profile"],))
        assert row is not None
        return events.of_profile(self.line["code"], self.line["status"], row["iccid"], status)

    def products(self, *statuses: str) -> list[Row]:
        """Products of the line in one of these statuses, oldest first."""
        marks = ",".join("?" for _ in statuses)
        return self.desk.books.rows(
            f"select * from product where subscription = ? and status in ({marks}) order by id",
            (self.line["code"], *statuses),
        )

    def set(self, row: Row, status: str) -> None:
        """A product's new status."""
        told = bool(self.wish.get("notify", True))
        work.move(self.desk, row, status, self.now, repeat=self.repeat, delay=self.delay, told=told)


def _installed(move: Move) -> None:
    row = move.desk.books.row("select status from profile where id = ?", (move.line["profile"],))
    if row is not None and row["status"] not in ON_PHONE:
        move.profile("installed")


def _active(move: Move) -> None:
    if move.line["status"] != "active":
        raise ValueError(f"the line is {move.line['status']}")
    _installed(move)
    for row in move.products("pending"):
        if row["starts"] == "first_usage":
            ends = move.now + row["days"] * work.DAY
            move.desk.books.execute(
                "update product set starts_at = ?, expires_at = ? where id = ?", (move.now, ends, row["id"])
            )
            move.set(row, "active")


def _used(move: Move) -> None:
    """`bytes`: the new total used of the whole line; it is taken from one product after the other."""
    _active(move)
    left = int(_number(move.wish, "bytes", -1))
    rows = move.products("active", "depleted")
    if left < sum(row["spent"] for row in rows):
        raise ValueError("bytes must be the new total used, not less than before")
    for number, row in enumerate(rows):
        last = number == len(rows) - 1
        share = left if row["size"] is None or (last and left < row["size"]) else min(left, row["size"])
        left -= share
        _spend(move, row, share)


def _spend(move: Move, row: Row, spent: int) -> None:
    crossed = row["size"] and spent >= THRESHOLD * row["size"] and not row["warned"]
    move.desk.books.execute(
        "update product set spent = ?, warned = ? where id = ?", (spent, row["warned"] or bool(crossed), row["id"])
    )
    if crossed:
        move.tell("balance.threshold.exceeded", events.of_threshold(row["code"], move.line["code"]))
    if row["size"] is not None and spent >= row["size"] and row["status"] == "active":
        move.set(row, "depleted")


def _depleted(move: Move) -> None:
    _active(move)
    for row in move.products("active"):
        if row["size"] is not None:
            _spend(move, row, row["size"])


def _expired(move: Move) -> None:
    for row in move.products("pending", "active", "depleted"):
        move.desk.books.execute("update product set expires_at = ? where id = ?", (move.now, row["id"]))
        move.set(row, "expired")


def _country(move: Move) -> None:
    place = {"country": str(move.wish.get("country", "FR"))}
    move.tell("subscription.sim_profile.country_changed", move.profile_data("enabled") | place)


def _throttling(word: str) -> Callable[[Move], None]:
    def tell(move: Move) -> None:
        for row in move.products("active"):
            move.tell(f"product.throttling.{word}", events.of_product(row["code"], "active", move.line["code"]))

    return tell


MOVES: dict[str, Callable[[Move], None]] = {
    "installed": _installed,
    "deleted": lambda move: move.profile("deleted"),
    "active": _active,
    "used": _used,
    "depleted": _depleted,
    "expired": _expired,
    "country": _country,
    "throttled": _throttling("applied"),
    "unthrottled": _throttling("lifted"),
}


def _number(wish: JsonObject, name: str, default: float) -> float:
    value: Any = wish.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number")
    return float(value)
