"""The @idempotent directive: compulsory at run time on refundCreate, kept 24 hours.

The code is put in front of the message, because `UserError`, which refundCreate answers with, has no `code` field in
the published schema. https://shopify.dev/docs/api/usage/implementing-idempotency
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import get_directive_values

from sandbox.shopify.model import Order, Refund
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.store import Shop, Store
from sandbox.shopify.view import Info

KEPT_MS = 24 * 3_600_000
KEY_LIMIT = 255
CONCURRENT = "IDEMPOTENCY_CONCURRENT_REQUEST"
MISMATCH = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"


@dataclass(frozen=True, slots=True)
class Key:
    """The caller's key and what it was used for."""

    text: str
    fingerprint: str


def need_key(info: Info, wanted: Any) -> Key:
    """The key of the field being resolved. Raises GraphQLError when there is none."""
    directive = info.schema.get_directive("idempotent")
    assert directive is not None, "schema.graphql declares it"
    given = get_directive_values(directive, info.field_nodes[0], info.variable_values)
    if not given or not 0 < len(given["key"]) <= KEY_LIMIT:
        raise GraphQLError(
            "The @idempotent directive is required for this mutation but was not provided.",
            extensions={"code": "BAD_REQUEST"},
        )
    text = json.dumps(wanted, sort_keys=True, default=str)
    return Key(given["key"], hashlib.sha256(text.encode()).hexdigest())


def previous(store: Store, shop: Shop, key: Key) -> tuple[Order, Refund] | None:
    """The refund made with this key, read again from the present state. Raises RefusedError with one of the codes."""
    row = store.books.row(
        "select * from shopify_idempotency where shop = ? and key = ? and at_ms > ?",
        (shop.domain, key.text, store.now_ms() - KEPT_MS),
    )
    if row is None:
        return None
    if row["fingerprint"] != key.fingerprint:
        raise refused(MISMATCH, "The key was used with other parameters.")
    if row["refund_id"] is None:
        raise refused(FAILED_BEFORE, "The previous attempt with this key failed.")
    order = store.order(shop.domain, row["order_id"])
    assert order is not None, "orders are never deleted"
    return order, next(entry for entry in order.refunds if entry.id == row["refund_id"])


def remember(store: Store, shop: Shop, key: Key, order_id: int | None, refund_id: int | None) -> None:
    """Keep the outcome; no refund = it failed."""
    store.books.execute(
        "insert into shopify_idempotency (shop, key, fingerprint, order_id, refund_id, at_ms) "
        "values (?, ?, ?, ?, ?, ?)",
        (shop.domain, key.text, key.fingerprint, order_id, refund_id, store.now_ms()),
    )


def forget(store: Store, shop: Shop) -> None:
    """Drop keys older than a day."""
    store.books.execute(
        "delete from shopify_idempotency where shop = ? and at_ms <= ?", (shop.domain, store.now_ms() - KEPT_MS)
    )


def refused(code: str, text: str) -> RefusedError:
    """A user error that carries an idempotency code."""
    return RefusedError(f"{code}: {text}", code=code)
