"""`/esim/topup`: more data and days on a living line. Totals in the answer are cumulative."""

import json
from dataclasses import replace

from sandbox.esimaccess import money, packages
from sandbox.esimaccess.envelope import RefusedError, ok, required_text, text_of, whole
from sandbox.esimaccess.lines import Line, save, status_news, tell, wanted
from sandbox.esimaccess.moments import DAY, api_time, number_stem
from sandbox.esimaccess.orders import periods_of, plan
from sandbox.esimaccess.packages import TOPUP_PREFIX, Package
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import Reply

GROWS_BY_DAYS = 3
ALIVE = ("GOT_RESOURCE", "IN_USE", "USED_UP")


def top_up(desk: Desk, body: JsonObject) -> Reply:
    """Buy data for a line.

    The vendor states for orders only that a repeated transactionId is answered again. Here a repeated top-up is
    bought again, unless the setting `topup_idempotent` is on.
    """
    transaction_id = required_text(body, "transactionId", 50)
    line = wanted(desk, body)
    if desk.settings["topup_idempotent"]:
        earlier = desk.books.row(
            "select number from sale where transaction_id = ? and topup = 1 and line_id = ?", (transaction_id, line.id)
        )
        if earlier is not None:
            return _answer(line, transaction_id, earlier["number"])
    package = _package(desk, body)
    if line.esim_status not in ALIVE or line.top_ups >= desk.settings.number("topups_per_line"):
        raise RefusedError("200002")
    if line.top_up_type == 1 or (package.location_code, package.top_up_type) != (line.location_code, line.top_up_type):
        raise RefusedError("200008", "this package cannot be put on this eSIM")
    periods = periods_of(package, body.get("periodNum"))
    price = package.price * periods
    if body.get("amount") not in (None, "") and whole(body["amount"], "amount") != price:
        raise RefusedError("200006")
    grown = _grown(line, package, periods, desk.clock.timestamp())
    return _answer(
        grown,
        transaction_id,
        _book(desk, line, grown, product=package.code, price=price, transaction_id=transaction_id),
    )


def _package(desk: Desk, body: JsonObject) -> Package:
    code, slug = text_of(body, "packageCode"), text_of(body, "slug")
    if code.startswith(TOPUP_PREFIX):
        return packages.find(desk, code.removeprefix(TOPUP_PREFIX), "")
    if not (code or slug):
        raise RefusedError("000105", "packageCode")
    try:
        return packages.find(desk, "", slug or code)
    except RefusedError as refusal:
        raise RefusedError("310241", code) if code else refusal from None


def _grown(line: Line, package: Package, periods: int, now: float) -> Line:
    days = package.days * periods
    by_days = package.top_up_type == GROWS_BY_DAYS
    # An unused line keeps its own deadline; its longer validity starts with its clock.
    return replace(
        line,
        plans=json.dumps([*json.loads(line.plans), plan(package, days, now)]),
        total_volume=line.total_volume + (0 if by_days else package.volume),
        total_duration=line.total_duration + days,
        expires_at=line.expires_at + (days * DAY if line.activated_at is not None else 0),
        esim_status="IN_USE" if line.esim_status == "USED_UP" else line.esim_status,
        top_ups=line.top_ups + 1,
        warned=0,
    )


def _book(desk: Desk, before: Line, grown: Line, *, product: str, price: int, transaction_id: str) -> str:
    now = desk.clock.timestamp()
    with desk.books.transaction():
        money.move(desk, -price)
        sale_id = desk.books.number("select max(id) from sale") + 1
        number = f"{number_stem(now)}9{sale_id:05d}"
        desk.books.execute(
            "insert into sale (id, number, transaction_id, topup, line_id, product, quantity, charged, created_at,"
            " ready_at) values (?,?,?,1,?,?,1,?,?,?)",
            (sale_id, number, transaction_id, grown.id, TOPUP_PREFIX + product, price, now, now),
        )
        save(desk, grown)
        if before.esim_status != grown.esim_status:
            tell(desk, [status_news(grown, now, volumes=True)])
    return number


def _answer(line: Line, transaction_id: str, number: str) -> Reply:
    return ok(
        {
            "transactionId": transaction_id,
            "iccid": line.iccid,
            "expiredTime": api_time(line.expires_at),
            "totalVolume": line.total_volume,
            "totalDuration": line.total_duration,
            "orderUsage": line.used,
            "topUpEsimTranNo": number,
        }
    )
