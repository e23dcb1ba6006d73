"""Signatures by Standard Webhooks 1.0.0 (standardwebhooks.com): symmetric, scheme `v1`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
_BYTES = 32
"""Of a secret; the specification asks for 24 to 64."""


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def sign(secret: str, message_id: str, stamp: int, body: bytes) -> str:
    """`v1,<base64>` of HMAC-SHA256 over `id.stamp.body`; the key is what the secret decodes to. Raises ValueError."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is whsec_ and base64") from error
    content = f"{message_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def headers(living: Sequence[str], message_id: str, stamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt at Unix second `stamp`. `living`: the secrets of now, the newest first."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(sign(one, message_id, stamp, body) for one in living),
    }
