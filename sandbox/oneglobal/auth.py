"""Who may call: client credentials become a token of five minutes, which every other call carries."""

import base64
import binascii
import hmac
import secrets
from urllib.parse import parse_qs

from sandbox.kit.desk import Desk
from sandbox.kit.http import Call, Reply, json_reply
from sandbox.oneglobal.hal import RefusedError

TOKEN_PATH = "/auth/realms/connect/protocol/openid-connect/token"  # noqa: S105  an address
VERSIONS = ("2026-02-05",)


def token(desk: Desk, call: Call) -> Reply:
    """OAuth2 client credentials, in the form or as Basic."""
    form = {name: values[0] for name, values in parse_qs(call.body.decode(errors="replace")).items()}
    if form.get("grant_type") != "client_credentials":
        return json_reply({"error": "unsupported_grant_type"}, 400)
    user, password = basic(call.headers.get("authorization", "")) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    right = _same(user, desk.settings.text("client_id")) and _same(password, desk.settings.text("client_secret"))
    if not right:
        return json_reply({"error": "invalid_client", "error_description": "Invalid client or credentials"}, 401)
    made, seconds = secrets.token_urlsafe(24), int(desk.settings.number("token_seconds"))
    now = desk.clock.timestamp()
    desk.books.execute("delete from token where expires_at < ?", (now - seconds,))
    desk.books.execute("insert into token (token, expires_at) values (?,?)", (made, now + seconds))
    return json_reply({"access_token": made, "expires_in": seconds, "token_type": "Bearer", "scope": "connect"})


def check(desk: Desk, call: Call) -> None:
    """Raises RefusedError 401 without a token that is still good, 400 for a version nobody serves."""
    given = call.headers.get("authorization", "").removeprefix("Bearer ")
    row = desk.books.row("select expires_at from token where token = ?", (given,))
    if row is None or row["expires_at"] <= desk.clock.timestamp():
        raise RefusedError(401, "Unauthorized", "The access token is missing, unknown or expired")
    version = call.headers.get("api-version", VERSIONS[0])
    if version not in VERSIONS:
        raise RefusedError(400, "Unknown API version", f"{version} is not one of {', '.join(VERSIONS)}")


def basic(header: str) -> tuple[str, str] | None:
    """Name and password of a Basic header."""
    if not header.startswith("Basic "):
        return None
    try:
        name, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return name, password


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
