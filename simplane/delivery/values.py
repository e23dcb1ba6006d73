"""What crosses the border of delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What came of sending one message.

    `sent`: the mail server took it. `retry`: not taken, tried again at `at`. `unknown`: it may have been taken;
    repeated once at `at`, or never (None). `suppressed`: we do not write to this address. `failed`: refused for good.
    `put_off`: nothing was tried, it goes at `at`, for its account sent too many.
    """

    name: Literal["sent", "retry", "failed", "unknown", "suppressed", "put_off"]
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One mail as the wire needs it: finished bytes with CRLF line ends, and the addresses of sender and recipient."""

    sender: str
    recipient: str
    data: bytes
    international: bool = False
    """True: the address holds non-ASCII before the @, so only a server with SMTPUTF8 can take it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server answered 250 after the data."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Surely not taken now; another time it may be. `unreachable`: no server answered, or it would not let us in."""

    reason: str
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good. `dead_address`: because this mailbox does not exist."""

    reason: str
    dead_address: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The data went out and the answer never came: taken or not, nobody knows."""

    reason: str


Outcome = Accepted | Deferred | Rejected | Lost
