"""Where a request came from, when proxies of ours stand in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def source_ip(environ: Mapping[str, Any]) -> str:
    """The sender's address: of the connection, or what our own proxy says (only a trusted one is believed)."""
    remote: str = environ.get("REMOTE_ADDR", "")
    trusted = settings.SIMPLANE.trusted_proxies
    if remote in trusted:
        hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        outside = [hop for hop in hops if hop not in trusted]
        return outside[-1] if outside else remote
    return remote
