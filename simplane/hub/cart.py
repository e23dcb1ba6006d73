"""The cart: what a person is about to order, in their session, one cart for each account they act for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from simplane.core.errors import BadInput
from simplane.ordering.placing import MOST_LINES, MOST_UNITS

CARTS = "hub_carts"


@dataclass(frozen=True, slots=True)
class CartRow:
    """So many of a SKU. Rows of one reference and e-mail become one order; both empty: said at checkout."""

    sku: str
    quantity: int
    reference: str = ""
    email: str = ""

    @property
    def key(self) -> str:
        """Names the row in forms."""
        return hashlib.sha256("\x00".join((self.sku, self.reference, self.email)).encode()).hexdigest()[:16]


def rows(session: SessionBase, organization_id: int) -> list[CartRow]:
    """What lies in the cart of an account."""
    found: list[dict[str, Any]] = session.get(CARTS, {}).get(str(organization_id), [])
    return [CartRow(**row) for row in found]


def add(session: SessionBase, organization_id: int, wanted: Iterable[CartRow]) -> list[CartRow]:
    """Put rows in; those that are there already grow. Raises BadInput and changes nothing when it gets too large."""
    merged = {row.key: row for row in rows(session, organization_id)}
    for row in wanted:
        there = merged.get(row.key)
        merged[row.key] = replace(row, quantity=row.quantity + there.quantity) if there else row
    return _keep(session, organization_id, merged.values())


def change(session: SessionBase, organization_id: int, quantities: Mapping[str, int]) -> list[CartRow]:
    """Set quantities by the keys of rows; 0 removes the row. Raises BadInput."""
    found = rows(session, organization_id)
    changed = [replace(row, quantity=quantities.get(row.key, row.quantity)) for row in found]
    return _keep(session, organization_id, [row for row in changed if row.quantity])


def take_out(session: SessionBase, organization_id: int, keys: Iterable[str]) -> None:
    """Remove rows by their keys: they were ordered, or are not wanted any more."""
    gone = set(keys)
    _keep(session, organization_id, [row for row in rows(session, organization_id) if row.key not in gone])


def parse_quantity(text: str, *, least: int = 1) -> int:
    """A quantity as a person typed it. Raises BadInput."""
    typed = text.strip()
    if not typed.isascii() or not typed.isdigit() or not least <= int(typed[:9]) <= MOST_UNITS or len(typed) > 9:
        raise BadInput(f"{typed[:20]!r} is no quantity", fix=f"a whole number from {least} to {MOST_UNITS:,}")
    return int(typed)


def _keep(session: SessionBase, organization_id: int, wanted: Iterable[CartRow]) -> list[CartRow]:
    kept = list(wanted)
    if len(kept) > MOST_LINES:
        raise BadInput(f"{len(kept)} rows do not fit into a cart", fix=f"order at most {MOST_LINES} at a time")
    _refuse_large_orders(kept)
    carts = dict(session.get(CARTS, {}))
    carts[str(organization_id)] = [asdict(row) for row in kept]
    session[CARTS] = carts
    return kept


def _refuse_large_orders(kept: Iterable[CartRow]) -> None:
    sizes: dict[tuple[str, str], int] = {}
    for row in kept:
        order = row.reference, row.email
        sizes[order] = sizes.get(order, 0) + row.quantity
    largest = max(sizes.values(), default=0)
    if largest > MOST_UNITS:
        raise BadInput(f"{largest:,} eSIMs in one order", fix=f"at most {MOST_UNITS:,}: order in parts")
