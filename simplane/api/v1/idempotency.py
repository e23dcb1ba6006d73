"""`Idempotency-Key` for every call that changes something, with Stripe's semantics, as POST /api/v1/orders has them in SQL.

The same key with the same request is answered with the first answer; with another request it is refused; while the
first one runs a second is refused with 409. A lack of money is an answer and is kept; any other refusal did nothing and
leaves the key free. Answers are kept for 30 days (`core/upkeep.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel

from simplane.api.problems import Refused
from simplane.api.v1.access import ApiRequest
from simplane.api.v1.answers import refusal
from simplane.core import clock
from simplane.core.models import StoredAnswer
from simplane.ledger.errors import InsufficientFunds

LONGEST = 255
UNDER_WAY = 0
"""Status of a row whose work is not done."""


def once(
    request: ApiRequest,
    work: Callable[[], BaseModel],
    *,
    body: BaseModel | None = None,
    status: int = 200,
    required: bool = False,
) -> HttpResponse:
    """Do `work` at most once a key and answer with what it gives.

    `work` may be begun again after a crash in the middle, so what it spends must be named after `key_of(request)`.
    Without a key (where none is `required`) it is simply done. Raises Refused.
    """
    key = key_of(request)
    if not key:
        if required:
            raise Refused("idempotency_key_missing")
        return _json(status, _raw(work()))
    owner = request.auth.organization.pk
    asked = hash_of_request(request, body)
    with _alone(owner, key):
        mine = _taken(owner, key, asked)
        if mine.status != UNDER_WAY:
            return _again(mine)
        try:
            answer = _json(status, _raw(work()))
        except InsufficientFunds as told:
            answer = refusal(request, told)
        except BaseException:
            mine.delete()
            raise
        mine.status, mine.body = answer.status_code, answer.content.decode()
        mine.save(update_fields=["status", "body"])
        return answer


def key_of(request: HttpRequest) -> str:
    """The caller's Idempotency-Key, empty without one. Raises Refused for one that can not be used."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not 0 < len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise Refused("idempotency_key_bad")
    return key


@contextmanager
def _alone(owner: int, key: str) -> Iterator[None]:
    """Only one request a key at a time, in all processes: a lock of the connection, for `work` has its own transactions."""
    number = int.from_bytes(hashlib.sha256(f"{owner}\n{key}".encode()).digest()[:8], signed=True)
    if not _ask("SELECT pg_try_advisory_lock(%s)", number):
        raise Refused("idempotency_key_in_use", retry_after=1)
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(%s)", number)


def _ask(sql: str, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [number])
        row = cursor.fetchone()
    return bool(row and row[0])


def hash_of_request(request: HttpRequest, body: BaseModel | None) -> bytes:
    """Of what was said, not of its spelling: another order of fields or spaces is the same request."""
    said = body.model_dump_json(exclude_unset=True) if body else ""
    return hashlib.sha256(f"{request.method} {request.path}\n{said}".encode()).digest()


def _taken(owner: int, key: str, asked: bytes) -> StoredAnswer:
    """The row of this key, written before the work, so that no order placed by SQL meanwhile can take the key too.

    One that a crash left under way is begun again.
    """
    fields = {"request_hash": asked, "status": UNDER_WAY, "body": "", "created_at": clock.now()}
    row, _ = StoredAnswer.objects.get_or_create(organization_id=owner, key=key, defaults=fields)
    if bytes(row.request_hash) != asked:
        raise Refused("key_reused")
    return row


def _again(known: StoredAnswer) -> HttpResponse:
    answer = _json(known.status, known.body.encode())
    answer["Idempotent-Replayed"] = "true"
    return answer


def _raw(made: BaseModel) -> bytes:
    return msgspec.json.encode(made.model_dump())


def _json(status: int, raw: bytes) -> HttpResponse:
    kind = "application/json" if status < 400 else "application/problem+json"
    return HttpResponse(raw, status=status, content_type=kind)
