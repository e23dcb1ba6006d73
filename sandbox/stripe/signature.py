"""Stripe-Signature: HMAC-SHA256 over `t.` and the raw body, keyed with the secret as text, `whsec_` included."""

import hashlib
import hmac

from sandbox.stripe.ids import letters

MODES = ("right", "wrong", "old_stamp", "missing")
OLD_SECONDS = 3600


def new_secret() -> str:
    """A webhook endpoint's secret."""
    return f"whsec_{letters(32)}"


def sign(secret: str, stamp: int, body: bytes) -> str:
    """One v1 signature, lower-case hex."""
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def header(secrets: list[str], now: int, body: bytes, mode: str = "right") -> str | None:
    """The header: one v1 per secret in force, newest first; None when it is to be missing."""
    if mode == "missing":
        return None
    stamp = now - OLD_SECONDS if mode == "old_stamp" else now
    used = [f"{secret}-forged" for secret in secrets] if mode == "wrong" else secrets
    return ",".join([f"t={stamp}", *(f"v1={sign(secret, stamp, body)}" for secret in used)])
