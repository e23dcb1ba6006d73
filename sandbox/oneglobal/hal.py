"""The vendor's shapes: HAL answers, problems, lists by cursor, and reading what was sent."""

import base64
import binascii
import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.kit.books import JsonObject, Row
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply, dump

BASE = "/connect"
HAL = "application/hal+json"
PROBLEM = "application/problem+json"
DEFAULT_LIMIT, LARGEST_LIMIT = 10, 40
INVALID = "Invalid request parameters"
CONSTRAINT = "constraint_validation_error"


class RefusedError(Exception):
    """A call that is answered with a problem; nothing was changed."""

    def __init__(
        self, status: int, title: str, detail: str = "", *, code: str = "", pointer: str = "", retriable: bool = True
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.body: JsonObject = {"title": title, "status": status}
        self.retriable = retriable
        if code:
            self.body["errors"] = [{"code": code, "detail": detail, **({"pointer": pointer} if pointer else {})}]
        elif detail:
            self.body["detail"] = detail


def bad(detail: str, pointer: str, code: str = CONSTRAINT) -> RefusedError:
    """400 about one field."""
    return RefusedError(400, INVALID, detail, code=code, pointer=pointer)


def missing(what: str, code: str) -> RefusedError:
    """404."""
    return RefusedError(404, "Resource not found", f"{what} not found for id: {code}")


def problem(call: Call, refusal: RefusedError) -> Reply:
    """A refusal as it is sent."""
    body = refusal.body | {"correlation_id": call.headers.get("correlation-id", "")}
    headers = {"Idempotent-Retriable": str(refusal.retriable).lower()} if "idempotency-key" in call.headers else {}
    return Reply(refusal.status, dump(body), PROBLEM, headers)


def hal(content: Any, status: int = 200) -> Reply:
    """An answer."""
    return Reply(status, dump(content), HAL)


def self_link(path: str) -> JsonObject:
    """`_links` with nothing but where it is."""
    return {"self": {"href": href(path)}}


def href(path: str) -> str:
    """Links name the vendor's own host, whoever listens."""
    return f"https://api.1global.com{path if path.startswith('/qrcode') else BASE + path}"


def page(desk: Desk, call: Call, sql: str, values: tuple[Any, ...], *, newest: bool = False) -> tuple[list[Row], str]:
    """Rows of one page, by `id`, and the cursor of the next one ("" at the end). `sql` ends in a where clause."""
    limit, after = _limit(call), _cursor(call)
    sign, order = ("<", "desc") if newest else (">", "asc")
    where = f" and id {sign} ?" if after else ""
    found = desk.books.rows(
        f"{sql}{where} order by id {order} limit ?", (*values, *([after] if after else []), limit + 1)
    )
    more = len(found) > limit
    return found[:limit], encode(found[limit - 1]["id"]) if more else ""


def listed(call: Call, name: str, entries: list[JsonObject], cursor: str) -> Reply:
    """A page as it is sent."""
    path = call.path.removeprefix(BASE)
    asked = {name: value for name, value in call.query.items() if name != "cursor"} | {"limit": str(_limit(call))}
    links = self_link(f"{path}?{urlencode(asked)}")
    if cursor:
        links["next"] = {"href": href(f"{path}?{urlencode({'cursor': cursor, **asked})}")}
    return hal({"_embedded": {name: entries}, "_links": links})


def encode(number: int) -> str:
    """A cursor nobody is meant to read."""
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def _cursor(call: Call) -> int:
    text = call.query.get("cursor", "")
    if not text:
        return 0
    try:
        return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().removeprefix("after:"))
    except (ValueError, binascii.Error) as wrong:
        raise bad("not a cursor of ours", "cursor") from wrong


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= LARGEST_LIMIT):
        raise bad(f"must be between 1 and {LARGEST_LIMIT}", "limit")
    return int(text)


def stamp(epoch: float) -> str:
    """`2026-02-10T09:00:00.123Z`."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(text: Any, pointer: str) -> float:
    """Epoch seconds of the beginning of `YYYY-MM-DD`."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise bad("must be a date, YYYY-MM-DD", pointer)
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp()
    except ValueError as wrong:
        raise bad("must be a date, YYYY-MM-DD", pointer) from wrong


def sent(call: Call) -> JsonObject:
    """The object that was sent; none counts as an empty one."""
    if not call.body:
        return {}
    try:
        body = call.json()
    except ValueError as wrong:
        raise bad("the body is not JSON", "$") from wrong
    if not isinstance(body, dict):
        raise bad("the body must be an object", "$")
    return body


def text(body: JsonObject, name: str, pointer: str = "$", *, most: int = 200) -> str:
    """A text that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= most:
        raise bad("must not be blank", f"{pointer}.{name}")
    return value


def inside(body: JsonObject, name: str, pointer: str = "$") -> JsonObject:
    """An object that must be there."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise bad("must not be null", f"{pointer}.{name}")
    return value
