"""Quotes by API: a price promised for 15 minutes, once a key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from simplane.catalog.actions import set_price
from simplane.catalog.models import Quote
from simplane.catalog.wholesale import make_quote
from simplane.core import clock
from simplane.core.models import StoredAnswer
from simplane.core.money import Money
from tests.api.v1.calls import Answer, Program, program, sold

WANTED = {"sku": "EU-5", "quantity": 10}


@pytest.fixture
def caller(db: None) -> Program:
    sold("EU-5", 4_50)
    return program()


def test_a_quote_keeps_its_price_until_it_expires(caller: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    made = caller.post("/quotes", WANTED)
    assert (made.status, made.told["unit_price_minor"], made.told["total_minor"]) == (201, 4_50, 45_00)
    set_price("EU-5", Money(9_99, "EUR"))
    assert caller.get(f"/quotes/{made.told['id']}").told == made.told
    later = clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert caller.get(f"/quotes/{made.told['id']}").told["state"] == "expired"


def test_a_repetition_gets_the_first_answer_and_another_body_none(caller: Program) -> None:
    first = caller.post("/quotes", WANTED, key="q-1")
    again = caller.post("/quotes", b'{"quantity": 10,   "sku": "EU-5"}', key="q-1")
    other = caller.post("/quotes", WANTED | {"quantity": 11}, key="q-1")

    assert (again.status, again.raw, again.headers["Idempotent-Replayed"]) == (201, first.raw, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert (other.status, other.code) == (400, "key_reused")
    assert (Quote.objects.count(), StoredAnswer.objects.count()) == (1, 1)


def test_a_refusal_leaves_the_key_free(caller: Program) -> None:
    refused = caller.post("/quotes", {"sku": "NOT-YET"}, key="q-1")
    assert (refused.status, refused.code) == (404, "not_found")
    sold("NOT-YET")
    assert caller.post("/quotes", {"sku": "NOT-YET"}, key="q-1").status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sku": "EU-5", "quantity": 0},
        {"sku": "EU-5", "quantity": 1001},
        {"sku": "EU-5", "quantity": 1.5},
        {"sku": "EU-5", "quantity": "1"},
        {"sku": "EU-5", "quantity": True},
        {"sku": "EU\u0000"},
        {"sku": "EU-5", "price_minor": 1},
        {"sku": 5},
        {"sku": "x" * 81},
        [],
        b"{",
        b'{"sku": "\xff"}',
        b"",
        b"null",
    ],
)
def test_bad_input_is_named_and_changes_nothing(caller: Program, body: Any) -> None:
    answer = caller.post("/quotes", body, key="q-1")
    assert (answer.status, answer.code) in [(422, "bad_request"), (400, "bad_json")]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Quote.objects.exists()
    assert not StoredAnswer.objects.exists()


@pytest.mark.parametrize("key", ["x" * 256, "caf\xe9", "a\tb"])
def test_a_key_that_can_not_be_one_is_refused(caller: Program, key: str) -> None:
    assert caller.post("/quotes", WANTED, key=key).code == "idempotency_key_bad"
    assert not Quote.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_calls_at_once_with_one_key_one_works_and_the_others_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sold("EU-5", 4_50)
    caller = program()
    inside: list[Answer] = []

    def slow(*given: Any, **more: Any) -> Quote:
        with ThreadPoolExecutor(1) as other:
            inside.append(other.submit(_elsewhere, caller).result())
        return make_quote(*given, **more)

    monkeypatch.setattr("simplane.api.v1.quotes.make_quote", slow)
    first = caller.post("/quotes", WANTED, key="q-1")
    assert first.status == 201
    assert (inside[0].status, inside[0].code) == (409, "idempotency_key_in_use")
    assert caller.post("/quotes", WANTED, key="q-1").raw == first.raw
    assert Quote.objects.count() == 1
    with connection.cursor() as cursor:
        cursor.execute(AT_WORK)
        assert cursor.fetchone() == (0,)


def _elsewhere(caller: Program) -> Answer:
    try:
        return caller.post("/quotes", WANTED, key="q-1")
    finally:
        connections.close_all()


AT_WORK = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
