"""What each process of `simplane chaos --money` does: number by number, the same for the same seed. Pure.

A process that was killed goes on from its journal; what it did last may be done again, under the same key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

CURRENCIES = ("EUR", "USD", "JPY", "KWD")
LOOK_BACK = 40
"""Captures and releases try holds of so many deeds before."""
KINDS = {"top_up": 14, "hold": 26, "capture": 20, "release": 14, "refund": 6, "order": 14, "fee": 4, "reverse": 2}
"""With their weights."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One operation. `about`: the deed's key it acts upon; `key`: its own, under which it happens at most once."""

    kind: str
    key: str
    wallet: int
    """Which of the wallets."""
    minor: int
    about: str = ""
    twice: bool = False
    """Asked for a second time at once, as somebody does who got no answer."""


def deed(seed: int, actors: int, actor: int, number: int, wallets: int) -> Deed:
    """The deed of an actor at a number (from 0)."""
    dice = random.Random(f"{seed}:{actor}:{number}")
    kind = _kind(dice)
    about = ""
    if kind in ("capture", "release"):
        about = _earlier(seed, dice.randrange(actors), number, "hold")
    elif kind == "reverse":
        about = _earlier(seed, actor, number, "fee")
    minor = dice.randint(1, 5_000) * (3 if kind == "top_up" else 1)
    twice = dice.random() < 0.05
    return Deed(kind, key_of(actor, number), dice.randrange(wallets), minor, about, twice)


def key_of(actor: int, number: int) -> str:
    """The name of a deed."""
    return f"m{actor}-{number}"


def _kind(dice: random.Random) -> str:
    return dice.choices(list(KINDS), list(KINDS.values()))[0]


def _earlier(seed: int, actor: int, number: int, kind: str) -> str:
    """The latest deed of a kind that this actor planned before a number; empty when none lies near."""
    for earlier in range(number - 1, max(-1, number - LOOK_BACK), -1):
        if _kind(random.Random(f"{seed}:{actor}:{earlier}")) == kind:
            return key_of(actor, earlier)
    return ""
