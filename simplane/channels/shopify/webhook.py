"""What Shopify's webhook headers say and how a delivery is checked.

https://shopify.dev/docs/apps/build/webhooks : base64 HMAC-SHA256 of the raw body, keyed with the app's client secret.
Next-generation Events use the same names without `X-` and split the topic into topic and action.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping

MOST_ID = 200
_STORED = ("topic", "shop-domain", "api-version", "webhook-id", "event-id", "triggered-at", "name", "handle", "action")


def header(headers: Mapping[str, str], name: str) -> str:
    """A Shopify header by its name without prefix (`topic`), classic or next-generation; empty when missing."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or ""


def genuine(raw: bytes, given: str, secrets: Iterable[bytes]) -> bool:
    """Whether the body was signed with one of the secrets (the current one, or one it replaced)."""
    wanted = given.encode("ascii", "replace")
    return any(hmac.compare_digest(signature(raw, secret), wanted) for secret in secrets)


def signature(raw: bytes, secret: bytes) -> bytes:
    """The HMAC header of a body."""
    return base64.b64encode(hmac.digest(secret, raw, "sha256"))


def delivery_id(headers: Mapping[str, str], raw: bytes) -> str:
    """The id of the delivery, the same over its retries; without one, the body itself is the key."""
    given = header(headers, "webhook-id")
    return given if 0 < len(given) <= MOST_ID else hashlib.sha256(raw).hexdigest()


def topic(headers: Mapping[str, str]) -> str:
    """`orders/paid`; of a next-generation Event `Order/update`."""
    name, action = header(headers, "topic"), headers.get("shopify-action", "")
    return f"{name}/{action}"[:120] if action else name[:120]


def evidence(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth keeping, by their classic names."""
    found = {name: header(headers, name)[:300] for name in _STORED}
    return {f"x-shopify-{name}": value for name, value in found.items() if value}
