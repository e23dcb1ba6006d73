"""Stock: what is there, refund it, use it."""

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sandbox.esimgo.bundles import DAY, pay_back
from sandbox.esimgo.formats import NANO
from sandbox.esimgo.office import Bundle, Office, RefusedError
from sandbox.esimgo.orders import Deal, Orders
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.http import Call, Reply, json_reply


class Inventory:
    """Handlers of /inventory, /inventory/refund and /esims/apply."""

    def __init__(self, office: Office, orders: Orders) -> None:
        self._office = office
        self._books = office.books
        self._orders = orders

    def get(self, call: Call) -> Reply:
        """GET /inventory: `available[].id` is the usageId that a refund wants."""
        del call
        rows = self._books.rows("select * from inventory where remaining > 0 order by bundle, id")
        names = list(dict.fromkeys(row["bundle"] for row in rows))
        return json_reply({"bundles": [self._entry(name, rows) for name in names]})

    def _entry(self, name: str, rows: list[Row]) -> JsonObject:
        bundle = self._books.row("select * from bundle where name = ?", (name,))
        body = json.loads(bundle["body"]) if bundle else {}
        return {
            "name": name,
            "desc": body.get("description", name),
            "useDms": False,
            "available": [
                {
                    "id": row["id"],
                    "total": row["total"],
                    "remaining": row["remaining"],
                    "expiry": expiry_date(row["expires_at"]),
                }
                for row in rows
                if row["bundle"] == name
            ],
            "countries": [country["name"] for country in body.get("countries", [])],
            "data": body.get("dataAmount", 0),
            "duration": body.get("duration", 0),
            "durationUnit": "day",
            "autostart": body.get("autostart", True),
            "unlimited": body.get("unlimited", False),
            "speed": body.get("speed"),
            "allowances": body.get("allowances", []),
        }

    def refund(self, call: Call) -> Reply:
        """POST /inventory/refund {usageId, quantity}: money back, if refunds are enabled and it is not too late."""
        body = call.json_object()
        usage, quantity = body.get("usageId"), body.get("quantity")
        if not is_count(usage) or not is_count(quantity):
            raise RefusedError(400, "usageId and quantity must be positive integers")
        if not self._office.settings["refunds_enabled"]:
            raise RefusedError(403, "refunds are not enabled for your organisation")
        row = self._books.row("select * from inventory where id = ?", (usage,))
        if row is None or row["remaining"] < quantity:
            raise RefusedError(400, "quantity exceeds the remaining quantity")
        if self._office.clock.timestamp() > row["bought_at"] + self._office.settings.number("refund_days") * DAY:
            raise RefusedError(400, "bundle was purchased outside of the refund period")
        with self._books.transaction() as db:
            db.execute("update inventory set remaining = remaining - ? where id = ?", (quantity, usage))
            pay_back(self._office, row["purchase"], row["unit_minor"] * quantity)
        return json_reply({"status": "Successfully refunded bundles to balance"})

    def apply(self, call: Call) -> Reply:
        """POST /esims/apply: use stock on a given eSIM or on new ones; free, nothing is charged."""
        body = call.json_object()
        listed = body.get("bundles")
        wishes = listed if isinstance(listed, list) and listed else [body]
        return json_reply(self._apply_all(wishes))

    def apply_to_one(self, call: Call) -> Reply:
        """POST /esims/{iccid}/bundles: the deprecated way."""
        self._apply_all([{**call.json_object(), "iccid": call.path_params["iccid"]}])
        return json_reply({"status": "Successfully applied bundle"})

    def _apply_all(self, wishes: list[Any]) -> JsonObject:
        now_ns = self._office.clock.nanoseconds()
        reference = str(uuid.uuid4())
        deal = Deal(reference, reference, now_ns, now_ns / NANO)
        with self._books.transaction():
            done = [entry for wish in wishes for entry in self._apply(wish, deal)]
            self._record(deal, done)
        return {"esims": done, "applyReference": reference}

    def _apply(self, wish: Any, deal: Deal) -> list[JsonObject]:
        if not isinstance(wish, dict) or not isinstance(wish.get("name"), str):
            raise RefusedError(400, "name is required")
        bundle = self._owned_bundle(wish["name"])
        line, repeat = wish.get("iccid"), wish.get("repeat", 1)
        if not is_count(repeat) or (line and "repeat" in wish):
            raise RefusedError(400, "repeat must be a positive integer and cannot be used with iccid")
        if wish.get("startTime") and bundle.autostart:
            raise RefusedError(400, "startTime is only possible for bundles that do not start automatically")
        if line and self._office.esim(line)["profile"] != bundle.profile and wish.get("allowReassign") is not True:
            raise RefusedError(400, "bundle is not compatible with esim")
        return [self._take(bundle, line, deal, place) for place in range(repeat)]

    def _owned_bundle(self, name: str) -> Bundle:
        try:
            return self._office.bundle(name)
        except RefusedError:
            raise RefusedError(403, "no available bundles in inventory") from None

    def _take(self, bundle: Bundle, line: str | None, deal: Deal, place: int) -> JsonObject:
        row = self._books.row(
            "select * from inventory where bundle = ? and remaining > 0 and expires_at > ? order by id limit 1",
            (bundle.name, deal.now),
        )
        if row is None:
            raise RefusedError(403, "no available bundles in inventory")
        self._books.execute("update inventory set remaining = remaining - 1 where id = ?", (row["id"],))
        as_bought = replace(bundle, price_minor=row["unit_minor"])
        iccid = self._orders.assign(as_bought, line, replace(deal, purchase=row["purchase"]), place)
        return {"iccid": iccid, "status": "ACTIVE", "bundle": bundle.name}

    def _record(self, deal: Deal, done: list[JsonObject]) -> None:
        """The vendor lists applications among the orders, as items of type bundleAssignment that cost nothing."""
        items = [
            {
                "type": "bundleAssignment",
                "item": entry["bundle"],
                "quantity": 1,
                "unit_minor": 0,
                "allow_reassign": False,
                "iccids": [entry["iccid"]],
            }
            for entry in done
        ]
        self._books.execute(
            "insert into purchase (reference, kind, created_ns, ready_at, outcome, assigned, topup, items, total_minor,"
            " balance_after_minor) values (?,'bundleAssignment',?,?,'completed',1,0,?,0,?)",
            (deal.reference, deal.now_ns, deal.now, json.dumps(items), self._office.settings.balance()),
        )


def is_count(value: Any) -> bool:
    """A positive integer, and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def expiry_date(timestamp: float) -> str:
    """YYYY-MM-DD."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
