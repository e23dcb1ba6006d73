"""The books in the form every stand-in answers: one entry per order that costs money, and the rest beside it."""

from collections import defaultdict
from datetime import UTC, datetime

from sandbox.kit.books import JsonObject
from sandbox.kit.desk import Desk

BUYING = ("activate_subscription", "topup_subscription", "change_subscription_plan")


def summary(desk: Desk) -> JsonObject:
    """Totals."""
    marks = ",".join("?" for _ in BUYING)
    row = desk.books.row(
        "select count(*) as orders, coalesce(sum(type = 'activate_subscription' and state = 'completed'), 0) as esims,"
        " coalesce(sum(type = 'topup_subscription'), 0) as topups, coalesce(sum(charged), 0) as charged_minor,"
        f" coalesce(sum(refunded), 0) as refunded_minor from deal where type in ({marks})",
        BUYING,
    )
    assert row is not None
    return {**dict(row), "balance_minor": desk.settings.balance(), "currency": "EUR"}


def full(desk: Desk) -> JsonObject:
    """Every order with its line, oldest first, and the totals."""
    profiles = defaultdict(list)
    for row in desk.books.rows("select subscription, iccid from profile order by id"):
        profiles[row["subscription"]].append(row["iccid"])
    bought: list[JsonObject] = []
    other: list[JsonObject] = []
    for deal in desk.books.rows("select * from deal order by id"):
        entry = {
            "order_id": deal["code"],
            "type": deal["type"],
            "state": deal["state"],
            "reference": deal["reference"],
            "product": deal["product"],
            "quantity": 1,
            "charged_minor": deal["charged"],
            "currency": deal["currency"],
            "refunded_minor": deal["refunded"],
            "at": datetime.fromtimestamp(deal["created_at"], UTC).isoformat(),
            "lines": profiles[deal["subscription"]][:1],
            "line_numbers": [deal["subscription"]],
            "topup": deal["type"] != "activate_subscription",
        }
        (bought if deal["type"] in BUYING else other).append(entry)
    totals = summary(desk)
    return {"orders": bought, "other_orders": other, **{name: totals[name] for name in totals if name != "orders"}}
