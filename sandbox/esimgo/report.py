"""The books as the tests read them: what was bought, charged and refunded."""

import json

from sandbox.esimgo.formats import nano_time
from sandbox.esimgo.office import Office
from sandbox.kit.books import JsonObject, Row

BOUGHT = "kind = 'bundle'"


def totals(office: Office) -> JsonObject:
    """Counts and sums over all purchases. `esims` are new eSIMs, `topups` bundles bought for existing ones."""
    books = office.books
    return {
        "orders": books.number(f"select count(*) from purchase where {BOUGHT}"),
        "esims": books.number("select count(*) from esim"),
        "topups": books.number(f"select count(*) from purchase where {BOUGHT} and topup = 1"),
        "charged_minor": books.number(f"select sum(total_minor) from purchase where {BOUGHT}"),
        "refunded_minor": books.number(f"select sum(refunded_minor) from purchase where {BOUGHT}"),
        "balance_minor": office.settings.balance(),
    }


def full(office: Office) -> JsonObject:
    """Every purchase, one entry per item. This vendor takes no client reference, so `reference` is always null."""
    rows = office.books.rows(f"select * from purchase where {BOUGHT} order by number")
    sums = totals(office)
    return {
        "orders": [entry for row in rows for entry in _entries(office, row)],
        **{key: sums[key] for key in ("charged_minor", "refunded_minor", "balance_minor")},
    }


def _entries(office: Office, row: Row) -> list[JsonObject]:
    items = json.loads(row["items"])
    return [
        {
            "order_id": row["reference"],
            "reference": None,
            "product": item["item"],
            "quantity": item["quantity"],
            "charged_minor": item["unit_minor"] * item["quantity"],
            "currency": office.settings.text("currency"),
            # Refunds are kept per order; with several items they show at the first.
            "refunded_minor": row["refunded_minor"] if place == 0 else 0,
            "at": nano_time(row["created_ns"]),
            "lines": item["iccids"],
            "topup": bool(row["topup"]),
        }
        for place, item in enumerate(items)
    ]
