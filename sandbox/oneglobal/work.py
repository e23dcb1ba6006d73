"""What the vendor does in the background: orders that are due, plans that begin and end. Run before every call."""

import json

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.oneglobal import events, ids, money
from sandbox.oneglobal.views import profile_status

DAY = 86_400
LIVING = ("pending", "scheduled", "active", "depleted")
MARKS = ",".join("?" for _ in LIVING)


def settle(desk: Desk) -> None:
    """Bring the books to now."""
    now = desk.clock.timestamp()
    due = desk.books.rows(
        "select * from deal where state in ('open', 'scheduled') and due_at <= ? order by due_at, id", (now,)
    )
    begin = desk.books.rows("select * from product where status = 'scheduled' and starts_at <= ?", (now,))
    if due or begin:
        with desk.books.transaction():
            for deal in due:
                _carry_out(desk, deal)
            for row in begin:
                start(desk, row, row["starts_at"])
    over = desk.books.rows(
        "select * from product where status in ('active', 'depleted') and expires_at <= ? order by expires_at", (now,)
    )
    if over:
        with desk.books.transaction():
            for row in over:
                move(desk, row, "expired", row["expires_at"])


def _carry_out(desk: Desk, deal: Row) -> None:
    at = deal["due_at"]
    gone = deal["type"] != "activate_subscription" and _ended(desk, deal["subscription"])
    failed = bool(deal["fails"]) or gone
    state = "failed" if failed else "completed"
    desk.books.execute(
        "update deal set state = ?, completed_at = ?, updated_at = ?, refunded = ? where id = ?",
        (state, None if failed else at, at, deal["charged"] if failed else 0, deal["id"]),
    )
    if failed:
        money.move(desk, deal["charged"])
    else:
        WORK[deal["type"]](desk, deal, json.loads(deal["body"]), at)
    if deal["state"] == "scheduled" or gone:
        events.tell(desk, f"order.{state}", events.of_order(deal, state), at)


def _ended(desk: Desk, subscription: str) -> bool:
    row = desk.books.row("select status from subscription where code = ?", (subscription,))
    return row is None or row["status"] in ("canceled", "terminated")


def _activate(desk: Desk, deal: Row, body: JsonObject, at: float) -> None:
    code = deal["subscription"]
    profile = _new_profile(desk, code, body, at)
    account = desk.books.row("select account from subscriber where code = ?", (body["subscriber_id"],))
    assert account is not None
    desk.books.execute(
        "insert into subscription (code, subscriber, account, status, profile, created_at) values (?,?,?,?,?,?)",
        (code, body["subscriber_id"], account["account"], "active", profile, at),
    )
    events.tell(desk, "subscription.active", events.of_subscription(code, "active"), at)
    _tell_ready(desk, code, at)
    _add(desk, deal, at, running=False)
    if deal["low_data"]:
        desk.books.execute(
            "update product set spent = size * 9 / 10, warned = 1 where deal = ? and size > 0", (deal["code"],)
        )


def _top_up(desk: Desk, deal: Row, body: JsonObject, at: float) -> None:
    del body
    _add(desk, deal, at, running=_running(desk, deal["subscription"]))


def _change_plan(desk: Desk, deal: Row, body: JsonObject, at: float) -> None:
    del body
    running = _running(desk, deal["subscription"])
    for row in _living(desk, deal["subscription"]):
        if row["kind"] == "plan":
            move(desk, row, "terminated", at)
    _add(desk, deal, at, running=running)


def _cancel(desk: Desk, deal: Row, body: JsonObject, at: float) -> None:
    del body
    for row in _living(desk, deal["subscription"]):
        move(desk, row, "canceled", at)
    set_status(desk, deal["subscription"], "canceled", at)


def _cancel_products(desk: Desk, deal: Row, body: JsonObject, at: float) -> None:
    for row in _living(desk, deal["subscription"]):
        if row["code"] in body["product_ids"]:
            move(desk, row, "canceled", at)


def _swap(desk: Desk, deal: Row, body: JsonObject, at: float) -> None:
    code = deal["subscription"]
    desk.books.execute("update profile set status = 'deleted' where subscription = ?", (code,))
    profile = _new_profile(desk, code, body, at)
    desk.books.execute("update subscription set profile = ? where code = ?", (profile, code))
    _tell_ready(desk, code, at)


WORK = {
    "activate_subscription": _activate,
    "topup_subscription": _top_up,
    "change_subscription_plan": _change_plan,
    "cancel_subscription": _cancel,
    "cancel_subscription_products": _cancel_products,
    "swap_subscription_sim": _swap,
}


def _new_profile(desk: Desk, subscription: str, body: JsonObject, at: float) -> int:
    number = desk.books.number("select max(id) from profile") + 1
    eid = (body.get("device") or {}).get("uicc", {}).get("eid", "")
    salt = str(desk.books.get_state("salt"))
    desk.books.execute(
        "insert into profile (id, code, subscription, iccid, matching_id, status, eid) values (?,?,?,?,?,?,?)",
        (number, ids.fresh("sim_", at), subscription, ids.iccid(salt, number), ids.matching_id(), "ready", eid),
    )
    return number


def _tell_ready(desk: Desk, subscription: str, at: float) -> None:
    row = desk.books.row(
        "select s.status, p.iccid from subscription s join profile p on p.id = s.profile where s.code = ?",
        (subscription,),
    )
    assert row is not None
    data = events.of_profile(subscription, row["status"], row["iccid"], profile_status("ready"))
    events.tell(desk, "subscription.sim_profile.ready_for_installation", data, at)


def _add(desk: Desk, deal: Row, at: float, *, running: bool) -> None:
    """What was bought. First use is behind a line whose plan runs, so a new one begins at once."""
    for bought in json.loads(deal["bought"]):
        waits = bought["starts"] == "scheduled"
        code = ids.fresh("prd_", at)
        desk.books.execute(
            "insert into product (code, deal, subscription, offering, kind, status, starts, starts_at, days, size,"
            " amount, currency, created_at) values (:new, :deal, :subscription, :code, :kind, :status, :starts,"
            " :starts_at, :days, :size, :amount, :currency, :at)",
            bought
            | {
                "new": code,
                "deal": deal["code"],
                "subscription": deal["subscription"],
                "status": "scheduled" if waits else "pending",
                "at": at,
            },
        )
        if bought["starts"] == "immediate" or (running and not waits):
            row = desk.books.row("select * from product where code = ?", (code,))
            assert row is not None
            start(desk, row, at)


def _running(desk: Desk, subscription: str) -> bool:
    sql = "select 1 from product where subscription = ? and status in ('active', 'depleted', 'expired') limit 1"
    return desk.books.row(sql, (subscription,)) is not None


def _living(desk: Desk, subscription: str) -> list[Row]:
    return desk.books.rows(
        f"select * from product where subscription = ? and status in ({MARKS}) order by id", (subscription, *LIVING)
    )


def start(desk: Desk, row: Row, at: float) -> None:
    """A product's days begin; part of the caller's transaction."""
    desk.books.execute(
        "update product set starts_at = ?, expires_at = ? where id = ?", (at, at + row["days"] * DAY, row["id"])
    )
    move(desk, row, "active", at)


def move(desk: Desk, row: Row, status: str, at: float, *, repeat: int = 1, delay: float = 0, told: bool = True) -> None:
    """Give a product another status and tell it; part of the caller's transaction."""
    desk.books.execute("update product set status = ? where id = ?", (status, row["id"]))
    if told:
        data = events.of_product(row["code"], status, row["subscription"])
        events.tell(desk, f"product.{status}", data, at, repeat=repeat, delay=delay)


def set_status(desk: Desk, subscription: str, status: str, at: float) -> None:
    """Give a subscription another status and tell it; part of the caller's transaction."""
    ended = at if status in ("canceled", "terminated") else None
    desk.books.execute("update subscription set status = ?, ended_at = ? where code = ?", (status, ended, subscription))
    events.tell(desk, f"subscription.{status}", events.of_subscription(subscription, status), at)
