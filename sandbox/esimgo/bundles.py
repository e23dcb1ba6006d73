"""Bundles on an eSIM: list, status, revoke."""

from dataclasses import dataclass

from sandbox.esimgo.formats import NANO, nano_time, second_time
from sandbox.esimgo.office import Office, RefusedError
from sandbox.esimgo.orders import Stock, add_stock
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.http import Call, Reply, json_reply

DAY = 86_400
LAPSE_SECONDS = 365 * DAY
USED_UP = ("expired", "revoked", "lapsed")
DEFAULT_LIMIT = 15
LARGEST_LIMIT = 200


def state_at(row: Row, now: float) -> str:
    """The state of an assignment at a moment: the clock moves it on even when nobody looks."""
    state = str(row["state"])
    if state == "queued" and now < row["ready_at"]:
        return "processing"
    if state == "queued" and now >= row["assigned_ns"] / NANO + LAPSE_SECONDS:
        return "lapsed"
    if state in ("active", "depleted") and now >= row["end_at"]:
        return "expired"
    return state


def assignment_view(row: Row, now: float) -> JsonObject:
    """One assignment; start and end are absent until it starts."""
    unlimited = row["initial_bytes"] == 0
    view: JsonObject = {
        "id": str(row["id"]),
        "callTypeGroup": "data",
        "initialQuantity": row["initial_bytes"],
        "remainingQuantity": row["remaining_bytes"],
    }
    if row["start_at"] is not None:
        view |= {"startTime": second_time(row["start_at"]), "endTime": second_time(row["end_at"])}
    size = f"{row['initial_bytes'] // 1_000_000_000}GB"
    allowance = {
        "type": "DATA",
        "service": "STANDARD",
        "description": "Unlimited" if unlimited else size,
        "initialAmount": row["initial_bytes"],
        "remainingAmount": row["remaining_bytes"],
        "unit": "BYTES",
        "unlimited": unlimited,
    }
    return {
        **view,
        "assignmentDateTime": nano_time(row["assigned_ns"]),
        "assignmentReference": f"{row['reference']}-{row['ordinal']}",
        "bundleState": state_at(row, now),
        "unlimited": unlimited,
        "allowances": [allowance],
    }


@dataclass(frozen=True, slots=True)
class Consequence:
    """What revoking would do."""

    refundable: bool
    to_balance: bool
    returns_esim: bool

    @property
    def text(self) -> str:
        """The vendor's sentence."""
        if not self.refundable:
            return "Successfully Revoked Bundle"
        return (
            f"Successfully Revoked Bundle, bundle has been refunded to {'balance' if self.to_balance else 'inventory'}"
        )


class LineBundles:
    """Handlers of /esims/{iccid}/bundles..."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def listing(self, call: Call) -> Reply:
        """GET /esims/{iccid}/bundles: all assignments by bundle; used-up ones only with includeUsed."""
        line = self._office.esim(call.path_params["iccid"])["iccid"]
        limit = self._limit(call)
        with_used = (call.query.get("includeUsed") or "").lower() == "true"
        now = self._office.clock.timestamp()
        found = self._books.rows("select * from assignment where iccid = ? order by id desc", (line,))
        shown = [row for row in found if with_used or state_at(row, now) not in USED_UP][:limit]
        names = list(dict.fromkeys(row["bundle"] for row in shown))
        bundles = [
            {
                "name": name,
                "description": self._description(name),
                "assignments": [assignment_view(row, now) for row in shown if row["bundle"] == name],
            }
            for name in names
        ]
        return json_reply({"bundles": bundles})

    def _limit(self, call: Call) -> int:
        text = call.query.get("limit") or str(DEFAULT_LIMIT)
        if not text.isdecimal() or not 1 <= int(text) <= LARGEST_LIMIT:
            raise RefusedError(400, f"limit must be between 1 and {LARGEST_LIMIT}")
        return int(text)

    def _description(self, name: str) -> str:
        row = self._books.row("select description from bundle where name = ?", (name,))
        return str(row["description"]) if row else name

    def status(self, call: Call) -> Reply:
        """GET /esims/{iccid}/bundles/{name}: only the latest assignment of that bundle."""
        row = self._books.row(
            "select * from assignment where iccid = ? and bundle = ? order by id desc limit 1",
            (self._office.esim(call.path_params["iccid"])["iccid"], call.path_params["name"]),
        )
        if row is None:
            raise RefusedError(400, "bundle is not on esim")
        return json_reply({"assignments": [assignment_view(row, self._office.clock.timestamp())]})

    def revoke(self, call: Call) -> Reply:
        """DELETE .../bundles/{name}: the oldest unused assignment of that bundle, else the oldest."""
        line = self._office.esim(call.path_params["iccid"])["iccid"]
        rows = self._revocable(line, str(call.path_params["name"]))
        unused = [row for row in rows if row["start_at"] is None]
        return self._revoke(call, (unused or rows)[0])

    def revoke_one(self, call: Call) -> Reply:
        """DELETE .../bundles/{name}/assignments/{assignmentId}."""
        line = self._office.esim(call.path_params["iccid"])["iccid"]
        rows = self._revocable(line, str(call.path_params["name"]))
        wanted = [row for row in rows if str(row["id"]) == call.path_params["assignment"]]
        if not wanted:
            raise RefusedError(400, "assignment is not on esim")
        return self._revoke(call, wanted[0])

    def _revocable(self, line: str, name: str) -> list[Row]:
        rows = self._books.rows("select * from assignment where iccid = ? and bundle = ? order by id", (line, name))
        now = self._office.clock.timestamp()
        rows = [row for row in rows if state_at(row, now) not in USED_UP]
        if not rows:
            raise RefusedError(400, "bundle is not on esim")
        return rows

    def _revoke(self, call: Call, row: Row) -> Reply:
        consequence = self._consequence(row, to_balance=(call.query.get("refundToBalance") or "").lower() == "true")
        if call.query.get("type") == "validate":
            return json_reply({"status": f"Validated: {consequence.text}"})
        with self._books.transaction() as db:
            db.execute("update assignment set state = 'revoked' where id = ?", (row["id"],))
            self._office.note(row["iccid"], "Bundle Revoked", row["bundle"])
            if consequence.refundable:
                self._refund(row, consequence)
            if consequence.returns_esim:
                now = self._office.clock.timestamp()
                db.execute("update esim set returned_at = ? where iccid = ?", (now, row["iccid"]))
                self._office.note(row["iccid"], "eSIM Returned")
        return json_reply({"status": consequence.text})

    def _consequence(self, row: Row, *, to_balance: bool) -> Consequence:
        settings, now = self._office.settings, self._office.clock.timestamp()
        young = now <= row["assigned_ns"] / NANO + settings.number("refund_days") * DAY
        refundable = bool(settings["refunds_enabled"]) and row["start_at"] is None and young
        others = self._books.number(
            "select count(*) from assignment where iccid = ? and id <> ? and state <> 'revoked'",
            (row["iccid"], row["id"]),
        )
        installed = self._office.esim(row["iccid"])["installed_ms"] is not None
        returns = bool(settings["returns_uninstalled"]) and not others and not installed
        return Consequence(refundable, to_balance, returns)

    def _refund(self, row: Row, consequence: Consequence) -> None:
        if not consequence.to_balance:
            bought_at = row["assigned_ns"] / NANO
            add_stock(self._office, Stock(row["bundle"], 1, row["unit_minor"], row["purchase"], bought_at))
            self._office.note(row["iccid"], "Bundle Refunded to Inventory", row["bundle"])
            return
        pay_back(self._office, row["purchase"], row["unit_minor"])
        self._office.note(row["iccid"], "Bundle Refunded To Balance", row["bundle"])


def pay_back(office: Office, purchase: str, minor: int) -> None:
    """Money back to the balance, counted at the order it came from. Call inside a transaction."""
    office.settings.set_balance(office.settings.balance() + minor)
    office.books.execute(
        "update purchase set refunded_minor = refunded_minor + ? where reference = ?", (minor, purchase)
    )
