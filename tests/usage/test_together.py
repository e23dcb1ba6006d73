"""Loads of the same records at the same moment: each is stored once, and every sum is right."""

from __future__ import annotations

import random
import threading

import pytest
from django.db import connection

from simplane.usage import hours
from simplane.usage.load import FEW, load
from tests import factories
from tests.companies import company
from tests.usage.world import DAYS_DIFFER, HOUR, HOURS_DIFFER, NOON, at, metered, record, rows


@pytest.mark.django_db(transaction=True)
def test_the_same_records_at_the_same_moment_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOON)
    supplier, acme = factories.supplier(), company("acme")
    for line in range(20):
        metered(acme, supplier, f"L{line}", line_id=line, team_id=line % 3)
    file = [record(n, n, NOON - n * HOUR / 20, line=f"L{n % 20}", country="ES") for n in range(FEW + 100)]
    told = [record(n, n, NOON - n * HOUR / 20, line=f"L{n % 20}") for n in range(5000, 5200)]
    problems: list[Exception] = []

    def work(seed: int) -> None:
        shuffled, dice = list(told if seed % 2 else file), random.Random(seed)
        try:
            dice.shuffle(shuffled)
            load(supplier.pk, shuffled)
            load(supplier.pk, [record(n, 10, NOON - n * HOUR / 20, line=f"L{n % 20}", version=2) for n in (5000, 5001)])
            hours.roll()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hours.roll()

    assert problems == []
    used = sum(range(FEW + 100)) + sum(range(5002, 5200)) + 2 * 10
    assert rows("SELECT count(*), sum(bytes) FROM usage_event") == [(FEW + 300, used)]
    assert rows("SELECT sum(records), sum(bytes) FROM usage_day") == [(FEW + 300, used)]
    assert rows(DAYS_DIFFER) == rows(HOURS_DIFFER) == []
