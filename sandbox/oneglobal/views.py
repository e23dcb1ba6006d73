"""Lines, profiles and products as the vendor prints them."""

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.oneglobal import ids
from sandbox.oneglobal.hal import href, missing, self_link, stamp

WORDS = {"ready": "ready_for_installation"}


def profile_status(status: str, number: int = 0) -> str:
    """The vendor's word; its letter case varies."""
    word = WORDS.get(status, status)
    return word.capitalize() if number % 2 else word


def shown_subscription(desk: Desk, code: str) -> JsonObject:
    """A line with its profile. Raises RefusedError 404."""
    row = desk.books.row("select * from subscription where code = ?", (code,))
    if row is None:
        raise missing("Subscription", code)
    profile = desk.books.row("select * from profile where id = ?", (row["profile"],))
    assert profile is not None
    found = {"id": code, "status": row["status"], "created_at": stamp(row["created_at"])}
    if row["ended_at"] is not None:
        found["ended_at"] = stamp(row["ended_at"])
    account = {"id": row["account"], "_links": self_link(f"/accounts/{row['account']}")}
    return found | {
        "_embedded": {"sim_profile": shown_profile(profile), "account": account},
        "_links": self_link(f"/subscriptions/{code}")
        | {"qrcode": {"href": href(ids.qrcode(ids.SMDP_HOST, profile["matching_id"]))}},
    }


def shown_profile(row: Row) -> JsonObject:
    """A profile."""
    return {
        "id": row["code"],
        "iccid": row["iccid"],
        "sim_type": "esim",
        "profile_status": profile_status(row["status"], row["id"]),
        "matching_id": row["matching_id"],
        "smdp_address": ids.SMDP_HOST,
    }


def shown_product(row: Row) -> JsonObject:
    """A plan or add-on with what is left of it."""
    balance: JsonObject = {"type": "unlimited", "allowance_type": "data", "unit": "bytes", "spent": row["spent"]}
    if row["size"] is not None:
        left = max(0, row["size"] - row["spent"])
        balance |= {"type": "limited", "initial": row["size"], "remaining": left}
    return {
        "id": row["code"],
        "status": row["status"],
        "created_at": stamp(row["created_at"]),
        "balances": [balance],
        "prices": [{"type": "one_time", "unit_amount": row["amount"], "currency": row["currency"]}],
    }
