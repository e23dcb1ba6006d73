"""Who may call: the access code, and the signature when one is sent or demanded."""

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256

from sandbox.esimaccess.envelope import RefusedError
from sandbox.kit.desk import Desk
from sandbox.kit.http import Call

MILLISECOND_DIGITS = 13


def signature(secret_key: str, timestamp: str, request_id: str, access_code: str, body: bytes) -> str:
    """hex(HMAC-SHA256(secretKey, RT-Timestamp + RT-RequestID + RT-AccessCode + body)), lower case."""
    signed = f"{timestamp}{request_id}{access_code}".encode() + body
    return hmac.new(secret_key.encode(), signed, sha256).hexdigest()


def check(desk: Desk, call: Call) -> None:
    """Raises RefusedError 000101, 000102, 101001 (old timestamp) or 101003 (wrong signature)."""
    access_code = _header(call.headers, "RT-AccessCode")
    if not hmac.compare_digest(access_code.encode(), desk.settings.text("access_code").encode()):
        raise RefusedError("000102", "RT-AccessCode")
    if "RT-Signature" not in call.headers and not desk.settings["require_signature"]:
        return
    given = _header(call.headers, "RT-Signature")
    timestamp, request_id = _header(call.headers, "RT-Timestamp"), _header(call.headers, "RT-RequestID")
    if not _fresh(desk, timestamp):
        raise RefusedError("101001")
    right = signature(desk.settings.text("secret_key"), timestamp, request_id, access_code, call.body)
    if not hmac.compare_digest(given.lower().encode(), right.encode()):
        raise RefusedError("101003")


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        refusal = RefusedError("000101")
        refusal.text = f"Req Header:[{name}] is null"
        raise refusal
    return value


def _fresh(desk: Desk, timestamp: str) -> bool:
    """Within the window of the real or the shifted clock: a test that jumps ahead need not shift its caller."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= MILLISECOND_DIGITS):
        raise RefusedError("000102", "RT-Timestamp")
    window = desk.settings.number("signature_window_seconds")
    seconds = int(timestamp) / (1000 if len(timestamp) == MILLISECOND_DIGITS else 1)
    return window <= 0 or min(abs(seconds - now) for now in (time.time(), desk.clock.timestamp())) <= window
