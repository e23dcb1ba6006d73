"""Names of companies and people that stand in our mails to others: nothing in them may be taken for an address."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?<!\b\w)/|/(?!\w\b)|[@<>]|www\.", re.IGNORECASE)
"""A stroke stands between single letters only: A/S, c/o."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and those that turn the direction of text (Unicode UAX 9)."""


def mailable(name: str) -> bool:
    """Whether a name can stand in a mail: it names no address, and reads as it is written."""
    return not _ADDRESS.search(name) and not _UNSEEN.search(name)
