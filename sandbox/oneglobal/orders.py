"""`/orders`: taken at once, worked on, then completed or failed; scheduled and held ones may be taken back."""

import json
from dataclasses import asdict

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply
from sandbox.oneglobal import ids, money
from sandbox.oneglobal.events import of_order, tell
from sandbox.oneglobal.hal import bad, hal, listed, missing, page, self_link, sent, stamp
from sandbox.oneglobal.views import shown_subscription
from sandbox.oneglobal.wishes import understood
from sandbox.oneglobal.work import settle

WAITING = ("scheduled", "on_hold")


def place(desk: Desk, call: Call) -> Reply:
    """Take an order. 201 says no more than that it was taken."""
    body = sent(call)
    wish = understood(desk, body)
    now = desk.clock.timestamp()
    code = ids.fresh("ord_", now)
    total = sum(one.amount for one in wish.bought)
    state = "on_hold" if wish.hold else "scheduled" if wish.due_at is not None else "open"
    ready = float(call.notes.get("ready_ms", desk.settings.number("ready_after_ms"))) / 1000
    with desk.books.transaction():
        money.move(desk, -total)
        desk.books.execute(
            "insert into deal (code, type, state, fails, reference, body, subscription, product, charged, currency,"
            " bought, schedule, on_hold, low_data, created_at, due_at, updated_at) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                code,
                wish.kind,
                state,
                bool(call.notes.get("fails")),
                call.headers.get("idempotency-key", ""),
                json.dumps(body),
                wish.subscription or ids.fresh("subs_", now),
                ",".join(one.code for one in wish.bought),
                total,
                wish.bought[0].currency if wish.bought else "",
                json.dumps([asdict(one) for one in wish.bought]),
                json.dumps(body["schedule"]) if body.get("schedule") else None,
                wish.hold or None,
                bool(call.notes.get("low_data")),
                now,
                wish.due_at if wish.due_at is not None else now + ready,
                now,
            ),
        )
        _announce(desk, code, state, ready)
    taken = {"id": code, "status": "accepted", "type": wish.kind, "created_at": stamp(now)}
    settle(desk)
    return hal(taken | {"_links": self_link(f"/orders/{code}")}, 201)


def _announce(desk: Desk, code: str, state: str, ready: float) -> None:
    """What waits is told now; what is worked on is told when it will be ready, asked for or not."""
    deal, now = row_of(desk, code), desk.clock.timestamp()
    if state != "open":
        tell(desk, f"order.{state}", of_order(deal, state), now)
        return
    word = "failed" if deal["fails"] else "completed"
    tell(desk, f"order.{word}", of_order(deal, word), now + ready, delay=ready)


def show(desk: Desk, call: Call) -> Reply:
    """One order."""
    return hal(shown(desk, row_of(desk, str(call.path_params["id"]))))


def list_orders(desk: Desk, call: Call) -> Reply:
    """A page of orders, the newest first; their order is not published."""
    rows, cursor = page(desk, call, "select * from deal where 1", (), newest=True)
    return listed(call, "orders", [shown(desk, row) for row in rows], cursor)


def cancel(desk: Desk, call: Call) -> Reply:
    """Take back what waits for its day or for something else."""
    deal, now = _waiting(desk, call), desk.clock.timestamp()
    with desk.books.transaction():
        money.move(desk, deal["charged"])
        desk.books.execute(
            "update deal set state = 'canceled', canceled_at = ?, updated_at = ?, refunded = charged where id = ?",
            (now, now, deal["id"]),
        )
        tell(desk, "order.canceled", of_order(deal, "canceled"), now)
    return hal(shown(desk, row_of(desk, deal["code"])))


def resume(desk: Desk, call: Call) -> Reply:
    """Let go on what was held."""
    deal, now = _waiting(desk, call), desk.clock.timestamp()
    if deal["state"] != "on_hold":
        raise bad("only an order on hold can be resumed", "$.status", "invalid_order_status")
    ready = desk.settings.number("ready_after_ms") / 1000
    with desk.books.transaction():
        desk.books.execute(
            "update deal set state = 'open', on_hold = null, due_at = ?, updated_at = ? where id = ?",
            (now + ready, now, deal["id"]),
        )
        _announce(desk, deal["code"], "open", ready)
    settle(desk)
    return hal(shown(desk, row_of(desk, deal["code"])))


def _waiting(desk: Desk, call: Call) -> Row:
    deal = row_of(desk, str(call.path_params["id"]))
    if deal["state"] not in WAITING:
        raise bad(f"the order is {_status(desk, deal)}", "$.status", "invalid_order_status")
    return deal


def row_of(desk: Desk, code: str) -> Row:
    """An order of the books. Raises RefusedError 404."""
    row = desk.books.row("select * from deal where code = ?", (code,))
    if row is None:
        raise missing("Order", code)
    return row


def shown(desk: Desk, deal: Row) -> JsonObject:
    """An order as the vendor prints it; the line is inside when it is there."""
    status = _status(desk, deal)
    found: JsonObject = {"id": deal["code"], "status": status, "type": deal["type"]}
    found["created_at"] = stamp(deal["created_at"])
    for name in ("updated_at", "completed_at", "canceled_at"):
        if deal[name] is not None and deal[name] != deal["created_at"]:
            found[name] = stamp(deal[name])
    if deal["schedule"]:
        found["schedule"] = json.loads(deal["schedule"])
    if deal["on_hold"]:
        found["on_hold_condition"] = deal["on_hold"]
    if status == "completed":
        found["_embedded"] = {"subscription": shown_subscription(desk, deal["subscription"])}
    return found | {"_links": self_link(f"/orders/{deal['code']}")}


def _status(desk: Desk, deal: Row) -> str:
    if deal["state"] != "open":
        return str(deal["state"])
    begun = deal["created_at"] + (deal["due_at"] - deal["created_at"]) / 3
    return "accepted" if desk.clock.timestamp() < begun else "fulfilling"
