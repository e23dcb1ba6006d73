"""Access tokens: the client credentials grant, 24 hours, then 401."""

import hmac
import json
import secrets
from urllib.parse import parse_qsl

from sandbox.kit.http import Call, Reply, json_reply
from sandbox.shopify.store import Shop, Store

# https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
LIFETIME_SECONDS = 86_399
GRANT = "client_credentials"
UNAUTHORIZED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


def grant_token(store: Store, shop: Shop, call: Call) -> Reply:
    """POST /admin/oauth/access_token, JSON or form."""
    given = _fields(call)
    if given.get("grant_type") != GRANT:
        return _error("unsupported_grant_type", f"grant_type must be {GRANT}")
    if not _same(given.get("client_id"), shop.client_id):
        return _error("application_cannot_be_found", "No app with this client_id")
    good = [secret for secret in (shop.client_secret, shop.previous_secret) if secret]
    if not any(_same(given.get("client_secret"), secret) for secret in good):
        return _error("invalid_client", "The client secret is wrong")
    if not shop.installed:
        return _error("app_not_installed", "The app is not installed in this shop")
    token = f"shpat_{secrets.token_hex(16)}"
    expires_ms = store.now_ms() + LIFETIME_SECONDS * 1000
    store.books.execute("insert into shopify_token values (?, ?, ?)", (token, shop.domain, expires_ms))
    scope = store.settings.text("scopes")
    return json_reply({"access_token": token, "scope": scope, "expires_in": LIFETIME_SECONDS})


def refusal(store: Store, shop: Shop, call: Call) -> Reply | None:
    """401 unless the call carries a living token of this shop."""
    token = call.headers.get("x-shopify-access-token", "")
    sql = "select 1 from shopify_token where token = ? and shop = ? and expires_ms > ?"
    if shop.installed and store.books.row(sql, (token, shop.domain, store.now_ms())):
        return None
    return json_reply({"errors": UNAUTHORIZED}, 401)


def _fields(call: Call) -> dict[str, object]:
    if "json" in call.headers.get("content-type", ""):
        return call.json_object()
    try:
        return dict(parse_qsl(call.body.decode()))
    except UnicodeDecodeError:
        return {}


def _same(given: object, known: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), known.encode())


def _error(code: str, text: str) -> Reply:
    return Reply(400, json.dumps({"error": code, "error_description": text}).encode())
