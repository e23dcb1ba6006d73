"""What an application tells its server about requests that need no thread of their own (ops/hurry.py serves them)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Answer = tuple[str, Headers, bytes]
"""Status line, headers, body."""
Reply = Callable[[Callable[[], Answer]], None]
"""Takes what makes the answer; called once, in any thread. The answer is made in the server's own: who commits for many goes
on to the next, instead of taking turns with the server for each of them.
"""


class Ticket(Protocol):
    """Something under way that can be left."""

    def give_up(self) -> None:
        """Have the reply made now, of what is known."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that is answered already (no ticket), or will be; after `seconds` its ticket is to be given up."""

    ticket: Ticket | None = None
    seconds: float = 0.0


ANSWERED = Begun()
Start = Callable[[Environ, Reply], Begun | None]
"""None: not to be answered this way, nothing was done."""
