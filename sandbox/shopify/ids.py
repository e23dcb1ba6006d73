"""Numbers of orders and everything that hangs on them: always beyond 2^31, never beyond 2^53.

An order with sequence number n has the id n * 1000; its lines, transactions and so on follow as n * 1000 + 1, 2, ...
So the order of any child is known without a table. The sequence starts from the wall clock, which keeps ids unique
even when the books are emptied while the caller still remembers older orders.
"""

import time
import uuid
import zlib

SLOTS = 1000
SEQUENCE_EPOCH_MS = 1_700_000_000_000
GID_PREFIX = "gid://shopify/"


def first_sequence() -> int:
    """Where empty books start to count: milliseconds since November 2023."""
    return int(time.time() * 1000) - SEQUENCE_EPOCH_MS


def order_id_of(child_id: int) -> int:
    """The order that owns a line, fulfilment order, refund, ..."""
    return child_id - child_id % SLOTS


def gid(kind: str, number: int) -> str:
    """`gid://shopify/Order/123`."""
    return f"{GID_PREFIX}{kind}/{number}"


def number_of(text: str, kind: str) -> int | None:
    """The number in a GraphQL id of that kind; None when it is another kind or no id at all."""
    head, _, tail = text.rpartition("/")
    return int(tail) if head == GID_PREFIX + kind and tail.isascii() and tail.isdigit() else None


def stable_number(*parts: str) -> int:
    """A number beyond 2^31 that is always the same for the same words (products, variants, customers, locations)."""
    return 7_000_000_000_000 + zlib.crc32("\x00".join(parts).encode())


def new_uuid() -> str:
    """Ids of events, deliveries and jobs."""
    return str(uuid.uuid4())
