"""Orders as the vendor prints them: after buying, one by reference, and the list."""

import json
from typing import TYPE_CHECKING

from sandbox.esimgo.formats import NANO, money, money_text, nano_time, read_time
from sandbox.esimgo.identity import matching_id, smdp_address
from sandbox.esimgo.office import Office, RefusedError, page_of
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.http import Call, Reply, json_reply

if TYPE_CHECKING:
    from sandbox.esimgo.orders import Wanted

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100


def validation(office: Office, wanted: "Wanted") -> JsonObject:
    """The answer of a dry run: no reference, `valid` instead of a status."""
    return {
        "order": [
            {
                "type": "bundle",
                "item": wish.bundle.name,
                "quantity": wish.quantity,
                "subTotal": money(wish.total_minor),
                "pricePerUnit": money(wish.bundle.price_minor),
                "AllowReassign": wish.allow_reassign,
            }
            for wish in wanted.wishes
        ],
        "total": money(wanted.total_minor),
        "valid": wanted.total_minor <= office.settings.balance(),
        "currency": office.settings.text("currency"),
        "createdDate": nano_time(office.clock.nanoseconds()),
        "assigned": wanted.assign,
    }


def _item(item: JsonObject, *, with_lines: bool) -> JsonObject:
    head: JsonObject = {}
    if with_lines and item["iccids"]:
        head["esims"] = [
            {"iccid": line, "matchingId": matching_id(line), "smdpAddress": smdp_address(line)}
            for line in item["iccids"]
        ]
    result = {**head, "type": item["type"], "item": item["item"]}
    if head:
        result["iccids"] = item["iccids"]
    return {
        **result,
        "quantity": item["quantity"],
        "subTotal": money(item["unit_minor"] * item["quantity"]),
        "pricePerUnit": money(item["unit_minor"]),
        "AllowReassign": item["allow_reassign"],
    }


def _state(office: Office, row: Row, items: list[JsonObject]) -> tuple[str, str]:
    if row["ready_at"] > office.clock.timestamp():
        return "processing", "Order is being processed"
    if row["outcome"] == "failed":
        return "failed", "Order failed"
    lines = sum(len(item["iccids"]) for item in items)
    return "completed", f"Order completed: {lines} eSIMs assigned" if row["assigned"] else "Order completed"


def whole_order(office: Office, row: Row, *, first_answer: bool = False, listed: bool = False) -> JsonObject:
    """One order. While it is processing no eSIM is shown."""
    items: list[JsonObject] = json.loads(row["items"])
    status, message = _state(office, row, items)
    answer: JsonObject = {
        "order": [_item(item, with_lines=status == "completed") for item in items],
        "total": money(row["total_minor"]),
        "currency": office.settings.text("currency"),
        "status": status,
        "statusMessage": message,
        "orderReference": row["reference"],
        "createDate" if listed else "createdDate": nano_time(row["created_ns"]),
        "assigned": bool(row["assigned"]),
    }
    # Seen in some live answers only, and as text.
    if first_answer and (row["topup"] or row["number"] % 3 == 0):
        answer["runningBalance"] = money_text(row["balance_after_minor"])
    return answer


class OrderViews:
    """Handlers that read orders."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def one(self, call: Call) -> Reply:
        """GET /orders/{orderReference}."""
        row = self._books.row("select * from purchase where reference = ?", (call.path_params["reference"],))
        if row is None:
            raise RefusedError(404, "order not found")
        return json_reply(whole_order(self._office, row))

    def listing(self, call: Call) -> Reply:
        """GET /orders: newest first, a bare array, `createDate` instead of `createdDate`."""
        page, limit = page_of(call, "limit", DEFAULT_LIMIT, LARGEST_LIMIT)
        earliest, latest = created_range(call)
        rows = self._books.rows(
            "select * from purchase where created_ns between ? and ? order by created_ns desc, number desc"
            " limit ? offset ?",
            (earliest, latest, limit, (page - 1) * limit),
        )
        with_lines = (call.query.get("includeIccids") or "").lower() == "true"
        orders = [whole_order(self._office, row, listed=True) for row in rows]
        return json_reply(orders if with_lines else [_without_lines(order) for order in orders])


def _without_lines(order: JsonObject) -> JsonObject:
    hidden = ("esims", "iccids")
    items = [{key: value for key, value in item.items() if key not in hidden} for item in order["order"]]
    return {**order, "order": items}


def created_range(call: Call) -> tuple[int, int]:
    """The two `createdAt` parameters (`gte:`, `lte:`) as nanoseconds. Raises RefusedError for anything else."""
    earliest, latest = 0, 2**62
    for text in call.query.getlist("createdAt"):
        side, _, moment = text.partition(":")
        try:
            value = read_time(moment)
        except ValueError:
            raise RefusedError(400, f"createdAt {text} is not gte: or lte: with a date") from None
        if side == "gte":
            earliest = value
        elif side == "lte":
            # A whole second includes its nanoseconds.
            latest = value if "." in moment else value + NANO - 1
        else:
            raise RefusedError(400, f"createdAt {text} must start with gte: or lte:")
    return earliest, latest
