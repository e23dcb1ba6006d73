"""Takes out of logs, traces and error reports what must not leave: keys, tokens, what installs an eSIM, rows of tables.

Values are hidden by the name they stand under and texts by what they look like, so that a careless log line is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

HIDDEN = "…"
_DEEPEST = 12
_NAME = re.compile(
    r"(?:secret|token|password|passwd|passphrase|authorization|cookie|credential|api_?key|access_?code|activation_?code"
    r"|matching_?id|confirmation_?code|webhook_url|database_url|mail_url|csrf|(?:^|_)(?:dsn|pin[12]?|puk[12]?)$)",
    re.IGNORECASE,
)
_NOT_SECRET = frozenset({"key", "token_type", "idempotency_key"})
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # What a phone installs from, plain or percent-encoded.
    (re.compile(r"LPA(?::|%3A)1(?:\$|%24)[^\s\"'<>,)&]*", re.IGNORECASE), HIDDEN),
    # name=value, 'name': 'value', "name": "value" in reprs, JSON and queries.
    (
        re.compile(
            r"""((?:secret|token|password|api_?key|access_?code|matching_?id|activation_?code)["']?\s*[=:]\s*)"""
            r"""(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&)}\]]+)""",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # user:password@ in an address.
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@:\"']{0,200}:[^\s/@\"']{0,200}@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    # Addresses that are keys themselves: a chat's webhook, our webhook address at a supplier, a traveller's page.
    (re.compile(r"(hooks\.slack\.com/)[^\s\"'<>]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(/webhooks/(?:suppliers/[^/\s\"']+|mail)/)[^/?\s\"'<>]+"), rf"\1{HIDDEN}"),
    (re.compile(r"((?:^|[\s\"'(]|://[^/\s\"']+)/(?:[eo]|hub/invited)/)[A-Za-z0-9_-]{8,}"), rf"\1{HIDDEN}"),
    # PostgreSQL shows the row that broke a rule: names, addresses, codes.
    (re.compile(r"(Failing row contains )\(.*?\)\.?(?=\n|$)", re.DOTALL), rf"\1({HIDDEN})"),
    (re.compile(r"(Key \([^)]*\)=)\([^)]*\)"), rf"\1({HIDDEN})"),
)
_PLAIN = re.compile(r"[\w.#+-]*")
"""A text of these alone is none of the above: a name, a number, an id."""
_known: tuple[str, ...] = ()


def hide(secrets: Iterable[str]) -> None:
    """Also hide these very texts wherever they stand (our own keys and addresses; short ones are left alone)."""
    global _known  # noqa: PLW0603  set once at start
    _known = tuple(sorted({one for one in secrets if len(one) >= 8}, key=len, reverse=True))


def text(value: str) -> str:
    """The same text with everything secret hidden."""
    for secret in _known:
        if secret in value:
            value = value.replace(secret, HIDDEN)
    if _PLAIN.fullmatch(value):
        return value
    for pattern, shown in _PATTERNS:
        value = pattern.sub(shown, value)
    return value


def names_a_secret(name: str) -> bool:
    """Whether a value under this name is to be hidden whatever it is."""
    return name.lower() not in _NOT_SECRET and _NAME.search(name.replace("-", "_")) is not None


def value(found: Any, *, depth: int = 0) -> Any:
    """Any value as it may leave: containers are walked, other objects become their redacted repr."""
    if found is None or isinstance(found, bool | int | float):
        return found
    if isinstance(found, str):
        return text(found)
    if isinstance(found, date):
        return found.isoformat()
    if depth >= _DEEPEST:
        return HIDDEN
    if isinstance(found, Mapping):
        return mapping(found, depth=depth + 1)
    if isinstance(found, list | tuple | set | frozenset):
        return [value(one, depth=depth + 1) for one in found]
    if isinstance(found, bytes | bytearray | memoryview):
        return f"<{len(found)} bytes>"
    return text(repr(found))


def mapping(found: Mapping[Any, Any], *, depth: int = 0) -> dict[str, Any]:
    """A mapping as it may leave."""
    return {
        str(name): (HIDDEN if one else one) if names_a_secret(str(name)) else value(one, depth=depth)
        for name, one in found.items()
    }
