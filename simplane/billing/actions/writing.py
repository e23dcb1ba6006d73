"""How billing writes: for us, who see all customers, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from simplane.core.db import transaction
from simplane.core.tenancy import everywhere


@contextmanager
def writing() -> Iterator[None]:
    """The one transaction of a verb of billing. Customers read their invoices and write none."""
    with everywhere(), transaction():
        yield


def unwatched() -> None:
    """Of a verb about many customers that nobody follows: nothing is to be said between two of them."""
