"""The books in the form every stand-in answers: cents, one entry per purchase."""

from collections import defaultdict
from datetime import UTC, datetime

from sandbox.esimaccess import money
from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk

HALF_UP = "({0} + 50) / 100"


def summary(desk: Desk) -> JsonObject:
    """Totals; the fields ending in x10000 are exact."""
    row = desk.books.row(
        "select count(*) as orders, coalesce(sum(case when topup = 0 then quantity end), 0) as esims,"
        " coalesce(sum(topup), 0) as topups,"
        f" coalesce(sum({HALF_UP.format('charged')}), 0) as charged_minor,"
        f" coalesce(sum({HALF_UP.format('refunded')}), 0) as refunded_minor,"
        " coalesce(sum(charged), 0) as charged_x10000, coalesce(sum(refunded), 0) as refunded_x10000 from sale"
    )
    assert row is not None
    exact = money.balance(desk)
    return {**dict(row), "balance_minor": exact // money.PER_CENT, "balance_x10000": exact, "currency": "USD"}


def full(desk: Desk) -> JsonObject:
    """Every order and top-up with its lines, oldest first, and the totals."""
    lines = defaultdict(list)
    by_id = {}
    for row in desk.books.rows("select id, sale_id, iccid, tran_no from line order by id"):
        by_id[row["id"]] = row
        lines[row["sale_id"]].append(row)
    orders = []
    for sale in desk.books.rows("select * from sale order by id"):
        about = [by_id[sale["line_id"]]] if sale["topup"] else lines[sale["id"]]
        orders.append(
            {
                "order_id": sale["number"],
                "reference": sale["transaction_id"],
                "product": sale["product"],
                "quantity": sale["quantity"],
                "charged_minor": money.cents(sale["charged"]),
                "currency": "USD",
                "refunded_minor": money.cents(sale["refunded"]),
                "charged_x10000": sale["charged"],
                "at": datetime.fromtimestamp(sale["created_at"], UTC).isoformat(),
                "lines": [row["iccid"] for row in about],
                "line_numbers": [row["tran_no"] for row in about],
                "topup": bool(sale["topup"]),
            }
        )
    totals = summary(desk)
    return {"orders": orders, **{name: value for name, value in totals.items() if name != "orders"}}
