"""How a call to a supplier can end (docs/adr/0005): exactly one of these, and each says what may be done next.

`Ok` and `Accepted` mean it happened or will; `NotReady` asked too early; `Retryable`, `Blocked` and `Permanent` mean
it was surely NOT executed; `Unknown` means nobody knows. Only the three sure refusals may be followed by another
purchase; `Unknown` is looked up first, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T", covariant=True)


@dataclass(frozen=True, slots=True)
class Ok(Generic[T]):
    """Done."""

    value: T
    name: Literal["ok"] = "ok"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The supplier works on it; ask again, or wait for its webhook."""

    order_id: str
    poll_after: float = 3.0
    """Seconds."""
    name: Literal["accepted"] = "accepted"


@dataclass(frozen=True, slots=True)
class NotReady:
    """Asked too early; no alarm."""

    poll_after: float = 3.0
    name: Literal["not_ready"] = "not_ready"


@dataclass(frozen=True, slots=True)
class Retryable:
    """Surely not executed; the same call may work later."""

    reason: str
    code: str = ""
    retry_after: float = 1.0
    name: Literal["retryable"] = "retryable"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Surely not executed; needs money or configuration. Pauses the supplier and tells somebody."""

    reason: str
    code: str = ""
    kind: Literal["funds", "key", "address", "policy", "breaker"] = "policy"
    name: Literal["blocked"] = "blocked"


@dataclass(frozen=True, slots=True)
class Permanent:
    """Surely not executed and never will be as sent. `stale_catalogue`: our offer is out of date (price, gone)."""

    reason: str
    code: str = ""
    stale_catalogue: bool = False
    name: Literal["permanent"] = "permanent"


@dataclass(frozen=True, slots=True)
class Unknown:
    """May or may not have been executed. Never repeat blindly."""

    reason: str
    code: str = ""
    name: Literal["unknown"] = "unknown"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """This supplier can not do that; capabilities said so beforehand."""

    reason: str
    name: Literal["unsupported"] = "unsupported"


Refused = Retryable | Blocked | Permanent
Result = Ok[T] | Accepted | NotReady | Retryable | Blocked | Permanent | Unknown | Unsupported
