"""Public ids: a prefix that names the thing, then a time-sortable random part. Never a database key in a URL."""

from __future__ import annotations

import os
import secrets
import struct
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_AT_ONCE = 256
_random: list[int] = []
"""60 random bits each, fetched many at once: asking the system for each lets other threads in between."""
os.register_at_fork(after_in_child=_random.clear)  # else two processes would give out the same ids


def new_id(prefix: str) -> str:
    """`ord_06b3x…`: 10 characters of milliseconds, 12 random ones (60 bits)."""
    value = (time.time_ns() // 1_000_000 << 60) | _sixty_bits()
    return f"{prefix}_{_base32(value, 22)}"


def _sixty_bits() -> int:
    try:
        return _random.pop()
    except IndexError:
        made: list[int] = [one >> 4 for one in struct.unpack(f"{_AT_ONCE}Q", os.urandom(8 * _AT_ONCE))]
        _random.extend(made[1:])
        return made[0]


def secret_token() -> str:
    """128 random bits for links that are their own key."""
    return _base32(secrets.randbits(130), 26)


def _base32(value: int, width: int) -> str:
    """`width` digits, an even number of them."""
    made = [_PAIRS[value >> shift & 1023] for shift in range(5 * width - 10, -1, -10)]
    return "".join(made)
