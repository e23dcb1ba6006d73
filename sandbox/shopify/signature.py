"""The headers of a webhook, and its HMAC: base64 of HMAC-SHA256 over the raw body, keyed with the client secret."""

import base64
import hashlib
import hmac

from sandbox.shopify.store import Shop

API_VERSION = "2026-10"
SIGNATURES = ("right", "wrong", "previous", "missing")

# After a rotation it can take up to an hour until webhooks are signed with the new secret.
ROTATION_LAG_MS = 3_600_000


def sign(secret: str, body: bytes) -> str:
    """X-Shopify-Hmac-Sha256."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def secret_for(shop: Shop, mode: str, now_ms: int) -> str:
    """The secret a delivery is signed with at this moment."""
    if mode == "wrong":
        return shop.client_secret + "-forged"
    lagging = bool(shop.previous_secret) and now_ms < shop.rotated_ms + ROTATION_LAG_MS
    return shop.previous_secret if shop.previous_secret and (lagging or mode == "previous") else shop.client_secret


def headers(
    shop: Shop, *, topic: str, webhook_id: str, event_id: str, triggered_at: str, name: str | None
) -> dict[str, str]:
    """All headers but the HMAC, which depends on when the attempt is made."""
    result = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop.domain,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Triggered-At": triggered_at,
        "X-Shopify-Event-Id": event_id,
    }
    return {**result, "X-Shopify-Name": name} if name else result
