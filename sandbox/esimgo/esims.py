"""One eSIM and the list of them: details, tag, suspend, delete, refresh, history, location, SMS."""

from typing import Any

from sandbox.esimgo.formats import nano_time, second_time
from sandbox.esimgo.identity import install_links, matching_id, pin_and_puk, smdp_address
from sandbox.esimgo.office import Office, RefusedError, is_old_version, page_of
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.http import Call, Reply, json_reply

OURS = "returned_at is null and ready_at <= ?"
FILTERS = {"iccid": "iccid", "customerRef": "customer_ref", "lastAction": "last_action"}
LONGEST_SMS = 160


class Esims:
    """Handlers of /esims and /esims/{iccid}/..."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def listing(self, call: Call) -> Reply:
        """GET /esims."""
        page, size = page_of(call, "perPage", 10, 100)
        where = OURS
        values: list[Any] = [self._office.clock.timestamp()]
        column = FILTERS.get(call.query.get("filterBy") or "")
        if column and (text := call.query.get("filter")):
            where, values = f"{where} and instr({column}, ?) > 0", [*values, text]
        direction = "desc" if call.query.get("direction") == "desc" else "asc"
        rows = self._books.rows(
            f"select * from esim where {where} order by iccid {direction} limit ? offset ?",
            (*values, size, (page - 1) * size),
        )
        return json_reply({"esims": [self._listed(row, old=is_old_version(call)) for row in rows]})

    def _listed(self, row: Row, *, old: bool) -> JsonObject:
        entry: JsonObject = {
            "iccid": row["iccid"],
            "customerRef": row["customer_ref"],
            "lastAction": row["last_action"],
            "actionDate": second_time(row["action_ns"] / 1e9),
            "physical": False,
            "assignedDate": second_time(row["created_ns"] / 1e9),
        }
        return entry if old else {**entry, "state": row["state"]}

    def one(self, call: Call) -> Reply:
        """GET /esims/{iccid}: `firstInstalledDateTime` is a number here."""
        row = self._esim(call)
        line, old = row["iccid"], is_old_version(call)
        pin, puk = pin_and_puk(line)
        details: JsonObject = {
            "iccid": line,
            "pin": pin,
            "puk": puk,
            "matchingId": matching_id(line),
            "smdpAddress": smdp_address(line),
            "profileStatus": row["profile_status"],
            "customerRef": row["customer_ref"],
        }
        if row["installed_ms"] is not None:
            details["firstInstalledDateTime"] = row["installed_ms"]
        if not old:
            details["state"] = row["state"]
        if "installUrl" in (call.query.get("additionalFields") or ""):
            details.update(install_links(line, android=not old))
        return json_reply(details)

    def tag(self, call: Call) -> Reply:
        """PUT /esims: our own reference on an eSIM, in the body or the query."""
        body: dict[str, Any] = {**call.query, **call.json_object()}
        reference = body.get("customerRef")
        if not isinstance(reference, str) or not body.get("iccid"):
            raise RefusedError(400, "iccid and customerRef are required")
        row = self._office.esim(body["iccid"])
        with self._books.transaction() as db:
            db.execute("update esim set customer_ref = ? where iccid = ?", (reference, row["iccid"]))
            self._office.note(row["iccid"], "eSIM Updated")
        return json_reply({"status": "success"})

    def suspension(self, call: Call) -> Reply:
        """GET /esims/{iccid}/suspend."""
        return json_reply({"suspended": self._esim(call)["state"] == "suspended"})

    def suspend(self, call: Call) -> Reply:
        """POST /esims/{iccid}/suspend: 201; already so or deactivated is 400, a policy suspension cannot be lifted."""
        wish = call.json_object().get("suspend")
        if not isinstance(wish, bool):
            raise RefusedError(400, "suspend must be true or false")
        try:
            row = self._esim(call)
        except RefusedError as refused:
            raise RefusedError(400 if refused.status == 410 else refused.status, refused.message) from None
        if (row["state"] == "suspended") == wish:
            raise RefusedError(400, f"esim is already {'suspended' if wish else 'active'}")
        if row["policy_suspended"] and not wish:
            raise RefusedError(403, "esim was suspended under the usage policy and cannot be unsuspended")
        state = "suspended" if wish else "active"
        self._books.execute("update esim set state = ? where iccid = ?", (state, row["iccid"]))
        return json_reply({"status": f"eSIM {'suspended' if wish else 'unsuspended'} successfully"}, 201)

    def delete(self, call: Call) -> Reply:
        """DELETE /esims/{iccid}: final, every bundle revoked, no refund."""
        deactivate(self._office, self._esim(call)["iccid"])
        return json_reply({"status": "eSIM deleted successfully"})

    def refresh(self, call: Call) -> Reply:
        """GET /esims/{iccid}/refresh: a GET with a side effect."""
        line = self._esim(call)["iccid"]
        with self._books.transaction():
            self._office.note(line, "eSIM Refreshed")
        return json_reply({"status": "Successfully refreshed SIM"})

    def history(self, call: Call) -> Reply:
        """GET /esims/{iccid}/history: oldest first."""
        line = self._esim(call)["iccid"]
        rows = self._books.rows("select * from history where iccid = ? order by at_ns, id", (line,))
        return json_reply(
            [{"name": row["name"], "bundleName": row["bundle"], "date": nano_time(row["at_ns"])} for row in rows]
        )

    def location(self, call: Call) -> Reply:
        """GET /esims/{iccid}/location: where it attached last."""
        row = self._esim(call)
        if row["attached_at"] is None:
            raise RefusedError(400, "no location known for esim")
        country = row["country"]
        return json_reply(
            {
                "mobileNetworkCode": f"{country}SB1",
                "networkName": f"Sandbox {country}",
                "networkBrandName": f"Sandbox Mobile {country}",
                "country": country,
                "lastSeen": second_time(row["attached_at"]),
            }
        )

    def sms(self, call: Call) -> Reply:
        """POST /esims/{iccid}/sms: 1 to 160 characters."""
        text = call.json_object().get("message")
        if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_SMS:
            raise RefusedError(400, f"message must have 1 to {LONGEST_SMS} characters")
        self._esim(call)
        return json_reply({"status": "sent"})

    def _esim(self, call: Call) -> Row:
        return self._office.esim(call.path_params["iccid"])


def deactivate(office: Office, line: str) -> None:
    """End an eSIM for good and revoke what is on it."""
    with office.books.transaction() as db:
        db.execute("update esim set state = 'deactivated', profile_status = 'Deactivated' where iccid = ?", (line,))
        db.execute(
            "update assignment set state = 'revoked' where iccid = ? and state in ('queued', 'active', 'depleted')",
            (line,),
        )
        office.note(line, "Bundle Revoked")
