"""GET /esims/assignments: install details as JSON, CSV (default) or a ZIP of QR pictures."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import segno

from sandbox.esimgo.identity import activation_code, install_links, matching_id, pin_and_puk, smdp_address
from sandbox.esimgo.office import Office, RefusedError, is_old_version
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.http import JSON_TYPE, Call, Reply, json_reply

FIELDS = ("iccid", "matchingId", "smdpAddress", "profileStatus", "pin", "puk", "firstInstalledDateTime")


class Assignments:
    """Install details by order or apply reference."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._books = office.books

    def get(self, call: Call) -> Reply:
        """One object for one eSIM, an array for several; 503 while processing, 410 when all are deactivated."""
        rows = self._rows(call.query.getlist("reference"))
        accept = call.headers.get("accept", "")
        if JSON_TYPE in accept:
            with_links = "installUrl" in (call.query.get("additionalFields") or "")
            details = [self._details(row, links=with_links, android=not is_old_version(call)) for row in rows]
            return json_reply(details[0] if len(details) == 1 else details)
        if "application/zip" in accept:
            return Reply(200, qr_archive([row["iccid"] for row in rows]), "application/zip")
        return Reply(200, self._table(rows), "text/csv")

    def qr(self, call: Call) -> Reply:
        """GET /esims/qr/{reference}: the old way, a ZIP only; asking it for JSON is forbidden."""
        if JSON_TYPE in call.headers.get("accept", ""):
            raise RefusedError(403, "access denied")
        rows = self._rows([str(call.path_params["reference"])])
        return Reply(200, qr_archive([row["iccid"] for row in rows]), "application/zip")

    def _rows(self, references: list[str]) -> list[Row]:
        wanted = [part for text in references for part in text.split(",") if part]
        if not wanted:
            raise RefusedError(400, "reference is required")
        rows = [row for reference in wanted for row in self._rows_of(reference)]
        living = [row for row in rows if row["state"] != "deactivated" and row["returned_at"] is None]
        if not living:
            raise RefusedError(410 if rows else 400, "install details are gone" if rows else "no esims for reference")
        return living

    def _rows_of(self, reference: str) -> list[Row]:
        purchase = self._books.row("select * from purchase where reference = ?", (reference,))
        if purchase is None:
            raise RefusedError(400, f"reference {reference} not found")
        wait = self._office.settings.number("assignments_delay_seconds")
        if purchase["ready_at"] + wait > self._office.clock.timestamp():
            raise RefusedError(503, "order is still being processed", {"Retry-After": "1"})
        return self._books.rows(
            "select esim.* from assignment join esim using (iccid) where reference = ? group by iccid order by"
            " min(assignment.id)",
            (reference,),
        )

    def _details(self, row: Row, *, links: bool, android: bool) -> JsonObject:
        line = row["iccid"]
        pin, puk = pin_and_puk(line)
        details = {
            "iccid": line,
            "matchingId": matching_id(line),
            "smdpAddress": smdp_address(line),
            "profileStatus": row["profile_status"],
            "pin": pin,
            "puk": puk,
            "firstInstalledDateTime": installed_text(row["installed_ms"]),
        }
        return {**details, **install_links(line, android=android)} if links else details

    def _table(self, rows: list[Row]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, FIELDS)
        writer.writeheader()
        writer.writerows(self._details(row, links=False, android=False) for row in rows)
        return text.getvalue().encode()


def installed_text(milliseconds: int | None) -> str:
    """ISO text here, although `GET /esims/{iccid}` gives a number; empty when it was never installed."""
    if milliseconds is None:
        return ""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def qr_archive(lines: list[str]) -> bytes:
    """A ZIP with one PNG per eSIM."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for line in lines:
            picture = io.BytesIO()
            segno.make(activation_code(line), error="m").save(picture, kind="png", scale=6, border=4)
            files.writestr(f"{line}.png", picture.getvalue())
    return archive.getvalue()
