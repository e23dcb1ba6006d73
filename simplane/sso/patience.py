"""How long and how often at once a provider is waited for: one that never answers holds few of our threads, and not for long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

from simplane.sso.errors import ProviderDown

SECONDS = 5.0
"""For a whole answer, from looking up the name on."""
SILENT_SECONDS = 30
"""Who did not answer is not asked for so long."""
KNOWN_SECONDS = 600
"""Who answered is trusted with more calls at once for so long: many people may come in one morning."""
AT_ONCE, KNOWN_AT_ONCE = 2, 6
LEASE_SECONDS = 20
"""After which the place of a call counts as free though its process died. Longer than any call."""


@contextmanager
def asking(whom: str) -> Iterator[None]:
    """Around one call to a provider, known by its issuer or host. A ProviderDown out of it is remembered.

    Raises ProviderDown at once for one that did not answer just now, or that is waited for in too many places.
    """
    silent, known = _name(whom, "silent"), _name(whom, "known")
    if cache.get(silent):
        raise ProviderDown("your identity provider does not answer", fix="try again in half a minute")
    place = _place(whom, KNOWN_AT_ONCE if cache.get(known) else AT_ONCE)
    try:
        yield
    except ProviderDown:
        cache.set(silent, 1, SILENT_SECONDS)
        cache.delete(known)
        raise
    else:
        cache.set(known, 1, KNOWN_SECONDS)
    finally:
        cache.delete(place)


def _place(whom: str, at_once: int) -> str:
    for name in (_name(whom, str(number)) for number in range(at_once)):
        if cache.add(name, 1, LEASE_SECONDS):
            return name
    raise ProviderDown("your identity provider is slow to answer", fix="try again in half a minute")


def _name(whom: str, what: str) -> str:
    return f"provider:{hashlib.sha256(whom.encode()).hexdigest()}:{what}"
