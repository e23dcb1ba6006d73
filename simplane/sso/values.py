"""What the two protocols say to the rest: where to send a browser, and who came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who signed in, in the provider's words, after its proof was checked. Nothing here is believed further than that."""

    subject: str
    """The provider's own name of the person: `sub`, or the NameID. It alone decides who comes again."""
    email: str = ""
    """Lower case; empty: none told."""
    email_verified: bool = False
    """The provider says that it proved the address. SAML never says so."""
    name: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way to a provider. `key` comes back with the person; `kept` waits for it in their session."""

    url: str
    key: str
    kept: Mapping[str, str] = field(default_factory=dict)
