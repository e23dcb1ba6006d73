"""How a call to a shop can end: exactly one of these, and each says what may be done next (reference 1.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simplane.channels.shopify.text import JSON


@dataclass(frozen=True, slots=True)
class Ok:
    """Answered. `warnings`: parts of a search that the shop did not understand and left out."""

    data: JSON
    warnings: tuple[str, ...] = ()
    name: Literal["ok"] = "ok"


@dataclass(frozen=True, slots=True)
class Retryable:
    """Surely not executed (or a read); worth another try after `wait` seconds."""

    reason: str
    wait: float = 2.0
    name: Literal["retryable"] = "retryable"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Surely not executed, and no retry helps. `access`: the whole shop refuses us; `scope`: only this operation."""

    reason: str
    kind: Literal["access", "scope"] = "access"
    name: Literal["blocked"] = "blocked"


@dataclass(frozen=True, slots=True)
class Permanent:
    """Surely not executed and never will be as sent."""

    reason: str
    name: Literal["permanent"] = "permanent"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A change that may or may not have been executed. Read back before repeating."""

    reason: str
    name: Literal["unknown"] = "unknown"


Refusal = Retryable | Blocked | Permanent
Outcome = Ok | Refusal | Unknown
