"""What all parts of the stand-in share: refusals, look-ups and the line's diary."""

import time
from dataclasses import dataclass

from sandbox.esimgo.callbacks import Callbacks
from sandbox.esimgo.formats import NANO
from sandbox.kit.books import Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call

MEGABYTE = 1_000_000
ICCID_BASE_KEY = "iccid_base"


class RefusedError(Exception):
    """The vendor says no; nothing was changed."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A sellable row of the catalogue. `initial_bytes` is 0 when unlimited."""

    name: str
    price_minor: int
    profile: str
    initial_bytes: int
    days: int
    unlimited: bool
    autostart: bool
    description: str


class Office:
    """Books, clock and settings with the questions every handler asks."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.books = desk.books
        self.clock = desk.clock
        self.settings = desk.settings
        self.callbacks = Callbacks(desk)

    def set_iccid_base(self) -> None:
        """Never give the same ICCID twice, not even after a reset: numbers start from the present millisecond."""
        self.books.set_state(ICCID_BASE_KEY, time.time_ns() // 1_000_000 * 10)

    def next_iccid_number(self) -> int:
        """The number of the next new eSIM; call inside a transaction."""
        number = int(self.books.get_state(ICCID_BASE_KEY)) + 1
        self.books.set_state(ICCID_BASE_KEY, number)
        return number

    def bundle(self, name: object, status: int = 400) -> Bundle:
        """A bundle on sale. Raises RefusedError for an unknown, withdrawn or unpriced one."""
        row = self.books.row("select * from bundle where name = ? and active = 1", (str(name),))
        if row is None or row["price_minor"] is None:
            raise RefusedError(status, f"bundle {name} not found or not available")
        return Bundle(
            name=row["name"],
            price_minor=row["price_minor"],
            profile=row["profile"],
            initial_bytes=0 if row["unlimited"] else max(row["megabytes"], 0) * MEGABYTE,
            days=row["days"],
            unlimited=bool(row["unlimited"]),
            autostart=bool(row["autostart"]),
            description=row["description"],
        )

    def esim(self, iccid: object) -> Row:
        """An eSIM of this account. Raises RefusedError: 403 when it is not ours, 410 when it is deactivated."""
        row = self.books.row("select * from esim where iccid = ?", (str(iccid),))
        if row is None or row["returned_at"] is not None or row["ready_at"] > self.clock.timestamp():
            raise RefusedError(403, "esim is not assigned to your organisation")
        if row["state"] == "deactivated":
            raise RefusedError(410, "esim has been deactivated")
        return row

    def note(self, iccid: str, action: str, bundle: str = "", *, at_ns: int | None = None) -> None:
        """Write the line's history and its last action; call inside a transaction."""
        moment = self.clock.nanoseconds() if at_ns is None else at_ns
        self.books.execute(
            "insert into history (iccid, name, bundle, at_ns) values (?,?,?,?)", (iccid, action, bundle, moment)
        )
        self.books.execute("update esim set last_action = ?, action_ns = ? where iccid = ?", (action, moment, iccid))

    def seconds_ns(self, timestamp: float) -> int:
        """Epoch seconds as nanoseconds."""
        return int(timestamp * NANO)


def is_old_version(call: Call) -> bool:
    """Was it called as version 2.4?"""
    return call.path.startswith("/v2.4/")


def page_of(call: Call, size_name: str, default: int, largest: int) -> tuple[int, int]:
    """Page (from 1) and page size. Raises RefusedError for anything that is not a positive number."""
    try:
        page = int(call.query.get("page") or 1)
        size = int(call.query.get(size_name) or default)
    except ValueError:
        raise RefusedError(400, f"page and {size_name} must be numbers") from None
    if page < 1 or size < 1:
        raise RefusedError(400, f"page and {size_name} must be positive")
    return page, min(size, largest)
