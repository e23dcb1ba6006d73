"""Calls that change a line for good or for a while. What its state does not allow is refused with 200002."""

from dataclasses import replace

from sandbox.esimaccess import money
from sandbox.esimaccess.envelope import RefusedError, ok, required_text
from sandbox.esimaccess.lines import Line, save, status_news, tell, wanted
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk
from sandbox.kit.http import Reply

CLOCK_FROM_PURCHASE = 3
MAX_SMS = 500


def cancel(desk: Desk, body: JsonObject) -> Reply:
    """Give a profile back that no phone ever took: its price returns to the balance. Else 200002."""
    line = wanted(desk, body)
    untouched = (line.esim_status, line.smdp_status) == ("GOT_RESOURCE", "RELEASED")
    if not untouched or line.active_type == CLOCK_FROM_PURCHASE:
        raise RefusedError("200002")
    with desk.books.transaction():
        money.move(desk, line.paid)
        desk.books.execute("update sale set refunded = refunded + ? where id = ?", (line.paid, line.sale_id))
        _settle(desk, replace(line, esim_status="CANCEL"))
    return ok({})


def suspend(desk: Desk, body: JsonObject) -> Reply:
    """Pause data; only a fresh or running line can be paused."""
    line = _in_state(desk, body, "GOT_RESOURCE", "IN_USE")
    with desk.books.transaction():
        _settle(desk, replace(line, esim_status="SUSPENDED", resume_to=line.esim_status))
    return ok({})


def unsuspend(desk: Desk, body: JsonObject) -> Reply:
    """Back to the state before the pause."""
    line = _in_state(desk, body, "SUSPENDED")
    with desk.books.transaction():
        _settle(desk, replace(line, esim_status=line.resume_to, resume_to=""))
    return ok({})


def revoke(desk: Desk, body: JsonObject) -> Reply:
    """Close a line for good, without a refund."""
    line = _in_state(desk, body, "GOT_RESOURCE", "IN_USE", "USED_UP", "SUSPENDED")
    with desk.books.transaction():
        _settle(desk, replace(line, esim_status="REVOKE"))
    return ok({})


def send_sms(desk: Desk, body: JsonObject) -> Reply:
    """Keep a message for a line whose package takes SMS; `GET /_control/lines/<line>` shows it."""
    message = required_text(body, "message", MAX_SMS)
    line = _in_state(desk, body, "GOT_RESOURCE", "IN_USE", "USED_UP")
    if line.sms_status == 0:
        raise RefusedError("200002", "this package takes no SMS")
    now = desk.clock.timestamp()
    desk.books.execute("insert into sms (line_id, message, at) values (?,?,?)", (line.id, message, now))
    return ok({})


def _in_state(desk: Desk, body: JsonObject, *allowed: str) -> Line:
    line = wanted(desk, body)
    if line.esim_status not in allowed:
        raise RefusedError("200002")
    return line


def _settle(desk: Desk, line: Line) -> None:
    save(desk, line)
    tell(desk, [status_news(line, desk.clock.timestamp())])
