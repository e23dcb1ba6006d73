"""Accounts and their subscribers: who a line is for. Both must exist before the first order."""

import json

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply
from sandbox.oneglobal import ids
from sandbox.oneglobal.hal import bad, hal, inside, listed, missing, page, sent, stamp, text

SUBSCRIBER_FIELDS = ("first_name", "last_name", "email", "address", "locale")


def load(desk: Desk) -> None:
    """The account that was opened with the contract."""
    body = {"type": "business", "number": "A-000001", "name": "Simplane Demo", "company_name": "Simplane Demo"}
    desk.books.execute(
        "insert into account (code, body, created_at) values (?,?,?)",
        (desk.settings.text("account_id"), json.dumps(body), desk.clock.timestamp()),
    )


def accounts(desk: Desk, call: Call) -> Reply:
    """A page of accounts."""
    rows, cursor = page(desk, call, "select * from account where 1", ())
    return listed(call, "accounts", [shown_account(row) for row in rows], cursor)


def create_account(desk: Desk, call: Call) -> Reply:
    """A company needs its tax id and address, a person names and address."""
    body = sent(call)
    match body.get("type"):
        case "business":
            name = text(body, "company_name")
            kept: JsonObject = {"company_name": name, "tax_id": text(body, "tax_id")}
            inside(body, "address")
        case "personal":
            owner = inside(body, "owner")
            name = f"{text(owner, 'first_name', '$.owner')} {text(owner, 'last_name', '$.owner')}"
            kept = {}
            inside(owner, "address", "$.owner")
        case _:
            raise bad("must be business or personal", "$.type")
    now = desk.clock.timestamp()
    number = desk.books.number("select max(id) from account") + 1
    kept |= {"type": body["type"], "number": f"A-{number:06d}", "name": name}
    code = ids.fresh("acc_", now)
    desk.books.execute("insert into account (code, body, created_at) values (?,?,?)", (code, json.dumps(kept), now))
    return hal(shown_account(_row(desk, "account", code)), 201)


def subscribers(desk: Desk, call: Call) -> Reply:
    """A page of subscribers, the newest first; of one account when asked."""
    account = call.query.get("account", "")
    where, values = ("account = ?", (account,)) if account else ("1", ())
    rows, cursor = page(desk, call, f"select * from subscriber where {where}", values, newest=True)
    return listed(call, "subscribers", [shown_subscriber(row) for row in rows], cursor)


def create_subscriber(desk: Desk, call: Call) -> Reply:
    """Somebody of an account."""
    body = sent(call)
    account = text(body, "account_id")
    if desk.books.row("select 1 from account where code = ?", (account,)) is None:
        raise missing("Account", account)
    text(body, "first_name")
    text(body, "last_name")
    kept = {name: body[name] for name in SUBSCRIBER_FIELDS if name in body}
    now = desk.clock.timestamp()
    code = ids.fresh("subr_", now)
    desk.books.execute(
        "insert into subscriber (code, account, body, created_at) values (?,?,?,?)",
        (code, account, json.dumps(kept), now),
    )
    return hal(shown_subscriber(_row(desk, "subscriber", code)), 201)


def subscriber_account(desk: Desk, code: str) -> str:
    """The account of a subscriber. Raises RefusedError 404."""
    row = desk.books.row("select account from subscriber where code = ?", (code,))
    if row is None:
        raise missing("Subscriber", code)
    return str(row["account"])


def shown_account(row: Row) -> JsonObject:
    """An account as the vendor prints it."""
    return {"id": row["code"], **json.loads(row["body"]), "created_at": stamp(row["created_at"])}


def shown_subscriber(row: Row) -> JsonObject:
    """A subscriber as the vendor prints it."""
    return {"id": row["code"], "locale": "en-GB", **json.loads(row["body"]), "created_at": stamp(row["created_at"])}


def _row(desk: Desk, table: str, code: str) -> Row:
    row = desk.books.row(f"select * from {table} where code = ?", (code,))
    if row is None:
        raise missing(table.capitalize(), code)
    return row
