"""`/esim/order`: pays at once, delivers later, and answers a repeated transactionId with the first order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.esimaccess import ids, money, packages
from sandbox.esimaccess.catalogue import FIXED
from sandbox.esimaccess.envelope import RefusedError, ok, required_text, text_of, whole
from sandbox.esimaccess.moments import DAY, api_time, number_stem
from sandbox.esimaccess.notices import order_ready
from sandbox.esimaccess.packages import Package
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import Reply

MAX_LINES = 30
MAX_DAYS = 365
CLOCK_FROM_PURCHASE = 3
ENDED = ("CANCEL", "REVOKE", "UNUSED_EXPIRED", "USED_EXPIRED")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of packageInfoList. `price` is what one eSIM of it costs, USD x 10000."""

    package: Package
    count: int
    periods: int

    @property
    def price(self) -> int:
        """Day passes cost their price per day."""
        return self.package.price * self.periods


def place(desk: Desk, body: JsonObject, ready_after_ms: float | None = None) -> Reply:
    """Buy; the profiles are there `ready_after_ms` later (default: the setting), then ORDER_STATUS is sent."""
    transaction_id = required_text(body, "transactionId", 50)
    earlier = desk.books.row("select number from sale where transaction_id = ? and topup = 0", (transaction_id,))
    if earlier is not None:
        return _answer(earlier["number"], transaction_id)
    items = _items(desk, body)
    total = sum(item.price * item.count for item in items)
    if body.get("amount") is not None and whole(body["amount"], "amount") != total:
        raise RefusedError("200006")
    if ready_after_ms is None:
        ready_after_ms = desk.settings.number("ready_after_ms")
    return _answer(_book(desk, transaction_id, items, total, ready_after_ms / 1000), transaction_id)


def _answer(number: str, transaction_id: str) -> Reply:
    return ok({"orderNo": number, "transactionId": transaction_id}, code=None)


def _items(desk: Desk, body: JsonObject) -> list[Item]:
    listed = body.get("packageInfoList")
    if listed is None:
        raise RefusedError("000106" if "packageInfoList" in body else "000105", "packageInfoList")
    if not isinstance(listed, list) or not listed:
        raise RefusedError("200008", "packageInfoList")
    items = [_item(desk, entry) for entry in listed]
    if sum(item.count for item in items) > MAX_LINES:
        raise RefusedError("200008", f"at most {MAX_LINES} eSIMs in one order")
    return items


def _item(desk: Desk, entry: Any) -> Item:
    if not isinstance(entry, dict):
        raise RefusedError("200008", "packageInfoList")
    code, slug = text_of(entry, "packageCode"), text_of(entry, "slug")
    if not (code or slug):
        raise RefusedError("000105", "packageCode")
    if "count" not in entry:
        raise RefusedError("000105", "count")
    count, periods = whole(entry["count"], "count"), entry.get("periodNum")
    package = packages.find(desk, code, slug)
    if count < 1:
        raise RefusedError("200008", "count")
    item = Item(package, count, periods_of(package, periods))
    # Whether a day pass is checked per day or for the whole period is not documented: both pass.
    if entry.get("price") is not None and whole(entry["price"], "price") not in (package.price, item.price):
        raise RefusedError("200005", package.code)
    return item


def periods_of(package: Package, given: Any) -> int:
    """How many days of a day pass; 1 for everything else. Raises RefusedError 200008 where periodNum does not fit."""
    if given is None or given == "":
        return 1
    periods = whole(given, "periodNum")
    if package.data_type == FIXED or not 1 <= periods <= MAX_DAYS:
        raise RefusedError("200008", "periodNum")
    return periods


def _book(desk: Desk, transaction_id: str, items: Sequence[Item], total: int, ready_after: float) -> str:
    now = desk.clock.timestamp()
    ready_at = now + ready_after
    product = ",".join(item.package.code for item in items)
    with desk.books.transaction():
        money.move(desk, -total)
        sale_id = desk.books.number("select max(id) from sale") + 1
        number = f"B{number_stem(now)}{sale_id:04d}"
        desk.books.execute(
            "insert into sale (id, number, transaction_id, topup, product, quantity, charged, created_at, ready_at)"
            " values (?,?,?,0,?,?,?,?,?)",
            (sale_id, number, transaction_id, product, sum(item.count for item in items), total, now, ready_at),
        )
        _add_lines(desk, items, Delivery(sale_id, str(desk.books.get_state("salt")), now, ready_at))
        order_ready(desk, number, transaction_id, ready_at)
    return number


@dataclass(frozen=True, slots=True)
class Delivery:
    """What all lines of one order share. `salt` keeps their ICCIDs apart from those of other books."""

    sale_id: int
    salt: str
    now: float
    ready_at: float


LINE_COLUMNS = (
    "id, sale_id, tran_no, iccid, imsi, msisdn, ac, token, package_code, location_code, apn, paid, active_type,"
    " data_type, sms_status, top_up_type, plans, total_volume, total_duration, used_at, activated_at, expires_at"
)
LINE_MARKS = ",".join("?" * 22)


def _add_lines(desk: Desk, items: Sequence[Item], delivery: Delivery) -> None:
    wanted = [item for item in items for _ in range(item.count)]
    first = desk.books.number("select max(id) from line") + 1
    old = _free_iccids(desk, len(wanted)) if desk.settings["reuse_iccids"] else []
    values = []
    for line_id, item in enumerate(wanted, start=first):
        iccid = old.pop() if old else ids.iccid(delivery.salt, line_id)
        values.append(_line_values(delivery, item, line_id, iccid))
    desk.books.executemany(f"insert into line ({LINE_COLUMNS}) values ({LINE_MARKS})", values)


def _line_values(delivery: Delivery, item: Item, line_id: int, iccid: str) -> tuple[Any, ...]:
    package, days = item.package, item.package.days * item.periods
    salt, now, ready_at = delivery.salt, delivery.now, delivery.ready_at
    runs = package.active_type == CLOCK_FROM_PURCHASE
    return (
        line_id,
        delivery.sale_id,
        f"{number_stem(now)}{line_id:04d}",
        iccid,
        ids.imsi(line_id),
        f"85290{line_id:08d}" if package.sms_status else "",
        ids.activation_code(salt, line_id),
        ids.matching_id("page" + salt, line_id).lower(),
        package.code,
        package.location_code,
        "drei.at" if package.location_code.startswith("EU") else "plus.4g",
        item.price,
        package.active_type,
        package.data_type,
        package.sms_status,
        package.top_up_type,
        json.dumps([plan(package, days, now)]),
        package.volume,
        days,
        now,
        ready_at if runs else None,
        ready_at + (days if runs else package.unused_days) * DAY,
    )


def plan(package: Package, days: int, now: float) -> JsonObject:
    """An entry of a line's packageList."""
    return {
        "packageName": package.name,
        "packageCode": package.code,
        "slug": package.slug,
        "duration": days,
        "volume": package.volume,
        "locationCode": package.location_code,
        "createTime": api_time(now),
    }


def _free_iccids(desk: Desk, count: int) -> list[str]:
    """ICCIDs of ended lines that no living line has: the vendor hands them out again."""
    marks = ",".join("?" for _ in ENDED)
    found = desk.books.rows(
        f"select distinct iccid from line as old where esim_status in ({marks}) and not exists"
        f" (select 1 from line as live where live.iccid = old.iccid and live.esim_status not in ({marks})) limit ?",
        (*ENDED, *ENDED, count),
    )
    return [row["iccid"] for row in found]
