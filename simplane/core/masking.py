"""Takes secrets out of texts that are kept: keys, codes that install an eSIM, addresses that hold a token."""

from __future__ import annotations

import re
from collections.abc import Sequence

HIDDEN = "…"
SHOWN = 2000
_READ = 16_384
_LONGEST_SECRET = 512
_FIELDS = (
    "apiKey|api_key|accessCode|access_code|secretKey|secret_key|client_secret|access_token|refresh_token|token|secret"
    "|password|matchingId|matching_id|ac|activationCode|qrCodeUrl|shortUrl|appleInstallUrl|androidInstallUrl|pin|puk|pin2|puk2"
    "|webhook|callbackUrl|emailAddress|phoneNumber"
)
# A value cut off in the middle has no closing quote and is hidden all the same.
_FIELD = re.compile(rf'("(?:{_FIELDS})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}}\]"\[{{]+)')
_ACTIVATION_CODE = re.compile(r"LPA(?::|%3A)1(?:\$|%24)[^\s\"'<>&,]*", re.IGNORECASE)


class Mask:
    """Hides known secrets, fields that hold secrets by their name, and activation codes."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._known = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))

    def text(self, text: str) -> str:
        """The same text with every secret hidden."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        text = _FIELD.sub(rf'\1"{HIDDEN}"', text)
        return _ACTIVATION_CODE.sub(HIDDEN, text) if "1$" in text or "1%24" in text else text

    def body(self, raw: bytes) -> str:
        """The beginning of a body as text, at most 2,000 characters, ready for a JSON column (no NUL)."""
        text = self.text(raw[:_READ].decode("utf-8", "replace").replace("\x00", "�"))
        if len(raw) > _READ:
            text = text[:-_LONGEST_SECRET]
        return text if len(text) <= SHOWN else text[:SHOWN] + HIDDEN
