"""The cache that all processes share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection

from simplane.core import clock, upkeep
from simplane.core.models import CacheEntry
from tests import processes


def later(seconds: int) -> None:
    """Let this time pass for every entry."""
    for entry in CacheEntry.objects.exclude(expires_at=None):
        assert entry.expires_at is not None
        CacheEntry.objects.filter(pk=entry.pk).update(expires_at=entry.expires_at - timedelta(seconds=seconds))


@pytest.mark.django_db
class TestEntries:
    def test_what_is_set_is_got_until_it_ends(self) -> None:
        cache.set("tries", [3.5, 1.25], 60)
        assert cache.get("tries") == [3.5, 1.25]
        later(60)
        assert cache.get("tries", "none") == "none"

    def test_only_the_first_adds_until_it_ends(self) -> None:
        assert cache.add("code", "y", 30) is True
        assert cache.add("code", "z", 30) is False
        assert cache.get("code") == "y"
        later(30)
        assert cache.add("code", "z", 30) is True

    def test_one_without_an_end_stays(self) -> None:
        cache.set("for ever", 1, None)
        assert cache.add("for ever", 2) is False
        assert cache.touch("for ever", 10) is True
        later(10)
        assert cache.touch("for ever", 10) is False

    def test_what_is_deleted_is_gone(self) -> None:
        cache.set("a", 1)
        assert (cache.delete("a"), cache.delete("a"), cache.get("a")) == (True, False, None)

    def test_housekeeping_takes_away_what_has_ended_and_nothing_else(self) -> None:
        cache.set("old", 1, 60)
        later(60)
        cache.set("new", 1, 60)
        counts = upkeep.clean_up()
        assert isinstance(counts, dict)
        assert counts["cache"] == 1
        assert cache.get("new") == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_one_adds() -> None:
    def add(_: int) -> bool:
        try:
            return bool(cache.add("code", "y", 30))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(add, range(16))) == 1


@pytest.mark.django_db(transaction=True)
def test_another_process_knows_it_too(tmp_path: Path) -> None:
    cache.set("code", {"used": True}, 300)

    said = processes.run(
        tmp_path, "shell", "-v", "0", "-c", "from django.core.cache import cache; print(cache.get('code'))"
    )

    assert said.stdout == "{'used': True}\n", said.stderr
    assert clock.now() < CacheEntry.objects.get().expires_at  # type: ignore[operator]
