"""Idempotency-Key as Stripe keeps it. https://docs.stripe.com/api/idempotent_requests"""

import hashlib
import json
from dataclasses import dataclass

from sandbox.stripe.account import Account
from sandbox.stripe.refused import Refused

SCHEMA = """
create table if not exists stripe_idempotency (
    key text primary key, path text not null, fingerprint text not null, status integer not null, body blob not null,
    request text not null, at integer not null);
"""
KEPT_SECONDS = 86_400
KEY_LIMIT = 255
KIND = "idempotency_error"


@dataclass(frozen=True, slots=True)
class Key:
    """The caller's key and what it is used for."""

    text: str
    path: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer."""

    status: int
    body: bytes
    request: str


def read_key(text: str, path: str, sent: list[tuple[str, str]]) -> Key:
    """The key of a request. Raises Refused when it is too long."""
    if len(text) > KEY_LIMIT:
        raise Refused(f"The Idempotency-Key is too long: at most {KEY_LIMIT} characters.", kind=KIND)
    return Key(text, path, hashlib.sha256(json.dumps(sorted(sent)).encode()).hexdigest())


def first_answer(account: Account, key: Key) -> Kept | None:
    """What was answered to this key within a day. Raises Refused when it was used for something else."""
    row = account.books.row(
        "select * from stripe_idempotency where key = ? and at > ?", (key.text, account.now() - KEPT_SECONDS)
    )
    if row is None:
        return None
    if row["path"] != key.path:
        raise Refused(
            f"Keys for idempotent requests can only be used for the same endpoint they were first used for ('{key.path}' "
            f"vs '{row['path']}'). Try using a key other than '{key.text}' if you meant to execute a different request.",
            kind=KIND,
        )
    if row["fingerprint"] != key.fingerprint:
        raise Refused(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            f"using a key other than '{key.text}' if you meant to execute a different request.",
            kind=KIND,
        )
    return Kept(row["status"], row["body"], row["request"])


def keep(account: Account, key: Key, answer: Kept) -> None:
    """Remember the answer, whatever it is."""
    account.books.execute(
        "insert or replace into stripe_idempotency (key, path, fingerprint, status, body, request, at) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        (key.text, key.path, key.fingerprint, answer.status, answer.body, answer.request, account.now()),
    )


def in_use(key: Key) -> Refused:
    """409: the first request is still running."""
    return Refused(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key.text}. Please try again later.",
        status=409,
        kind=KIND,
        code="idempotency_key_in_use",
    )
