"""A line in the books, and how the vendor shows it."""

import json
from dataclasses import dataclass, replace
from typing import Any

from sandbox.esimaccess.envelope import RefusedError, text_of
from sandbox.esimaccess.moments import api_time, event_time
from sandbox.esimaccess.notices import notify
from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk

SELECT = (
    "select line.*, sale.number as order_no, sale.transaction_id, sale.ready_at"
    " from line join sale on sale.id = line.sale_id"
)


@dataclass(frozen=True, slots=True)
class Line:
    """What can change about a line, with its keys. Times are epoch seconds, volumes bytes."""

    id: int
    tran_no: str
    iccid: str
    order_no: str
    transaction_id: str
    sale_id: int
    paid: int
    ready_at: float
    active_type: int
    sms_status: int
    top_up_type: int
    location_code: str
    plans: str
    eid: str
    total_volume: int
    total_duration: int
    used: int
    used_at: float
    esim_status: str
    smdp_status: str
    resume_to: str
    activated_at: float | None
    expires_at: float
    top_ups: int
    sequence: int
    warned: int


CHANGEABLE = (
    "plans",
    "eid",
    "total_volume",
    "total_duration",
    "used",
    "used_at",
    "esim_status",
    "smdp_status",
    "resume_to",
    "activated_at",
    "expires_at",
    "top_ups",
    "sequence",
    "warned",
)
SAVE = f"update line set {', '.join(f'{name} = ?' for name in CHANGEABLE)} where id = ?"
FIELDS = tuple(Line.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class News:
    """One notification a change of a line causes."""

    kind: str
    content: JsonObject
    at: float


def from_row(row: Row) -> Line:
    """A row of `SELECT`."""
    return Line(**{name: row[name] for name in FIELDS})


def named(desk: Desk, key: str) -> Line | None:
    """The line with this esimTranNo, else the youngest with this ICCID (ICCIDs are handed out again)."""
    for column in ("tran_no", "iccid"):
        row = desk.books.row(f"{SELECT} where line.{column} = ? order by line.id desc limit 1", (key,))
        if row is not None:
            return from_row(row)
    return None


def wanted(desk: Desk, body: JsonObject) -> Line:
    """The line a change is about. Raises RefusedError 000105, 310272, 310403 or 200010 (not delivered yet)."""
    tran_no, iccid = text_of(body, "esimTranNo"), text_of(body, "iccid")
    if not (tran_no or iccid):
        raise RefusedError("000105", "esimTranNo")
    line = named(desk, tran_no or iccid)
    if line is None:
        raise RefusedError("310272" if tran_no else "310403")
    if line.ready_at > desk.clock.timestamp():
        raise RefusedError("200010")
    return line


def save(desk: Desk, line: Line) -> None:
    """Write what can change; part of the caller's transaction."""
    desk.books.execute(SAVE, (*(getattr(line, name) for name in CHANGEABLE), line.id))


def tell(desk: Desk, news: list[News], *, delay: float = 0, repeat: int = 1) -> None:
    """Queue notifications; part of the caller's transaction."""
    for entry in news:
        notify(desk, entry.kind, entry.content, entry.at, delay=delay, repeat=repeat)


def with_status(line: Line, esim_status: str) -> Line:
    """The same line in another esimStatus."""
    return replace(line, esim_status=esim_status)


def keys(line: Line) -> JsonObject:
    """The ids every notification about a line carries."""
    return {
        "iccid": line.iccid,
        "orderNo": line.order_no,
        "esimTranNo": line.tran_no,
        "transactionId": line.transaction_id,
    }


def status_news(line: Line, at: float, *, volumes: bool = False) -> News:
    """ESIM_STATUS; the vendor adds volumes only sometimes, and writes REVOKED where answers say REVOKE."""
    status = "REVOKED" if line.esim_status == "REVOKE" else line.esim_status
    content = {**keys(line), "esimStatus": status, "smdpStatus": line.smdp_status}
    if volumes:
        left = max(0, line.total_volume - line.used)
        content |= {"totalVolume": line.total_volume, "orderUsage": line.used, "remainVolume": left}
    return News("ESIM_STATUS", content, at)


def smdp_news(line: Line, at: float) -> News:
    """SMDP_EVENT; every fourth has no sequence number."""
    content = {
        **keys(line),
        "eid": line.eid,
        "esimStatus": line.esim_status,
        "smdpStatus": line.smdp_status,
        "timestamp": event_time(at),
        "seqNumber": None if line.sequence % 4 == 0 else line.sequence,
        "notifyStatus": "Executed-Success",
    }
    return News("SMDP_EVENT", content, at)


def shown(row: Row) -> JsonObject:
    """A line as `/esim/query` shows it."""
    page = f"{'http' if row['id'] % 5 == 0 else 'https'}://p.sandbox-access.example/{row['token']}"
    activated: Any = api_time(row["activated_at"]) if row["activated_at"] is not None else None
    return {
        "esimTranNo": row["tran_no"],
        "orderNo": row["order_no"],
        "transactionId": row["transaction_id"],
        "imsi": row["imsi"],
        "iccid": row["iccid"],
        "smsStatus": row["sms_status"],
        "msisdn": row["msisdn"],
        "ac": row["ac"],
        "qrCodeUrl": f"{page}.png",
        "shortUrl": page,
        "smdpStatus": row["smdp_status"],
        "eid": row["eid"],
        "activeType": row["active_type"],
        "dataType": row["data_type"],
        "activateTime": activated,
        "expiredTime": api_time(row["expires_at"]),
        "totalVolume": row["total_volume"],
        "totalDuration": row["total_duration"],
        "durationUnit": "DAY",
        "orderUsage": row["used"],
        "esimStatus": row["esim_status"],
        "pin": "",
        "puk": "",
        "apn": row["apn"],
        "packageList": json.loads(row["plans"]),
    }
