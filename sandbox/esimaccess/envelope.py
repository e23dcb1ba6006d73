"""The envelope of every answer, and the refusals the vendor documents. HTTP status 200 for both."""

import json
from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.kit.http import Reply, json_reply

MEANINGS = {
    "000001": "Server error",
    "000101": "Mandatory request header is null",
    "000102": "Wrong request header format",
    "000103": "HTTP method is not supported",
    "000104": "Request is not valid JSON",
    "000105": "Mandatory parameters are missing",
    "000106": "Mandatory parameter is null",
    "000107": "Wrong parameter length",
    "101001": "Request timestamp expired",
    "101002": "IP is blocked",
    "101003": "Signature mismatch",
    "200002": "This operation is not allowed due to the order status",
    "200005": "Package price error",
    "200006": "Total amount error",
    "200007": "Insufficient account balance",
    "200008": "Order parameters error",
    "200009": "Abnormal order status",
    "200010": "Profile is being downloaded for the order",
    "200011": "Not enough profiles available for the package",
    "310241": "packageCode does not exist",
    "310243": "Package does not exist",
    "310272": "orderNo does not exist",
    "310403": "ICCID is not in the order",
    "900001": "System busy, please try again later",
}


class RefusedError(Exception):
    """The call is refused with a documented code; nothing was changed."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = f"{MEANINGS[code]}: {detail}" if detail else MEANINGS[code]


def ok(obj: JsonObject, code: str | None = "0") -> Reply:
    """Success. The vendor's samples show "0" nearly everywhere and null for a new order."""
    return json_reply({"success": True, "errorCode": code, "errorMsg": None, "obj": obj})


def refused(code: str, text: str = "") -> Reply:
    """A refusal by code."""
    message = text or MEANINGS.get(code, "Unknown error")
    return json_reply({"success": False, "errorCode": code, "errorMsg": message, "obj": None})


def parse(raw: bytes) -> JsonObject:
    """The request's JSON object. Raises RefusedError 000104 for anything else."""
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise RefusedError("000104") from problem
    if not isinstance(parsed, dict):
        raise RefusedError("000104")
    return parsed


def text_of(body: JsonObject, name: str, limit: int = 200) -> str:
    """An optional text, "" when absent. Raises RefusedError 000107 when it is no text or too long."""
    value = body.get(name)
    if value is None:
        return ""
    if not is_text(value) or len(value) > limit:
        raise RefusedError("000107", name)
    return str(value).strip()


def is_text(value: Any) -> bool:
    """A text that UTF-8 can hold: JSON escapes can smuggle in half a surrogate pair."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value))


def required_text(body: JsonObject, name: str, limit: int = 200) -> str:
    """A text that must be there. Raises RefusedError 000105 (missing or empty), 000106 (null) or 000107."""
    if name in body and body[name] is None:
        raise RefusedError("000106", name)
    value = text_of(body, name, limit)
    if not value:
        raise RefusedError("000105", name)
    return value


def whole(value: Any, name: str, code: str = "200008") -> int:
    """An integer, also as digits in a text (top-ups are documented both ways). Raises RefusedError `code`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    raise RefusedError(code, name)


def odd(answer: JsonObject) -> JsonObject:
    """The same answer as the vendor's field tables write it: success is a text, the message key is errorMessage."""
    changed = {**answer, "success": "true" if answer.get("success") is True else "false"}
    changed["errorMessage"] = changed.pop("errorMsg", None)
    return changed
