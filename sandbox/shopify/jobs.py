"""Cancelling is a job: asked for now, done a little later."""

import json
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import GID_PREFIX, new_uuid
from sandbox.shopify.model import Order
from sandbox.shopify.office import Office
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.store import Store
from sandbox.shopify.webhooks import Event

NEVER_MS = 2**62


def enqueue_cancel(office: Office, order: Order, plan: dict[str, Any]) -> str:
    """Ask for a cancellation; `plan` holds reason, give_back, restock, note. Returns the job id."""
    number = new_uuid()
    due = office.store.now_ms() + int(office.store.settings.number("cancel_job_seconds") * 1000)
    office.store.books.execute(
        "insert into shopify_job (id, order_id, due_ms, status, plan) values (?, ?, ?, 'STARTED', ?)",
        (number, order.id, due, json.dumps({**plan, "shop": order.shop})),
    )
    office.next_job_ms = min(office.next_job_ms, due)
    office.store.clock.wake()
    return number


def run_due_jobs(office: Office) -> None:
    """Do every cancellation whose time has come, each in its own transaction."""
    books, now = office.store.books, office.store.now_ms()
    if now < office.next_job_ms:
        return
    sql = "select id, order_id, plan from shopify_job where status = 'STARTED' and due_ms <= ? order by due_ms"
    for row in books.rows(sql, (now,)):
        with books.transaction() as db:
            status = _cancel(office, row["order_id"], json.loads(row["plan"]))
            db.execute("update shopify_job set status = ? where id = ?", (status, row["id"]))
    office.next_job_ms = books.number("select min(due_ms) from shopify_job where status = 'STARTED'") or NEVER_MS


def _cancel(office: Office, order_id: int, plan: dict[str, Any]) -> str:
    shop = office.store.shop(plan.pop("shop"))
    order = office.store.order(shop.domain, order_id) if shop else None
    if shop is None or order is None:
        return "FAILED"
    try:
        office.cancel(shop, order, Event(), **plan)
    except RefusedError:
        return "FAILED"
    return "SUCCEEDED"


def job_result(store: Store, number: str) -> JsonObject | None:
    """An OrderCancelJobResult."""
    row = store.books.row("select * from shopify_job where id = ?", (number,))
    if row is None:
        return None
    failed = {"field": None, "message": "The order could not be cancelled.", "code": "INVALID"}
    return {
        "id": gid_of_job(number),
        "done": row["status"] != "STARTED",
        "status": row["status"],
        "errors": [failed] if row["status"] == "FAILED" else [],
    }


def gid_of_job(number: str) -> str:
    """`gid://shopify/OrderCancelJobResult/<uuid>`."""
    return f"{GID_PREFIX}OrderCancelJobResult/{number}"
