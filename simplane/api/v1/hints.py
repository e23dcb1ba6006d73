"""What the document says about an operation beside what its code shows (`openapi_extra` of a route)."""

from __future__ import annotations

from typing import Any, Literal

HINTS = "x-hints"


def hints(
    *codes: str,
    key: Literal["", "optional", "required"] = "",
    media: str = "",
    also: str = "",
    etag: bool = False,
) -> dict[str, Any]:
    """`codes`: its own refusals; `key`: whether it takes an Idempotency-Key; `media` (or `also`): what it answers but JSON."""
    return {HINTS: {"codes": list(codes), "key": key, "media": media, "also": also, "etag": etag}}
