"""A server's files with our tables in them are made once and then copied."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from simplane.ops import postgres, ready_made


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that the server's own user can get into."""
    folder = Path(tempfile.mkdtemp(prefix="simplane-copies-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_two_copies_are_servers_of_their_own_with_all_tables(reachable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = reachable / "first", reachable / "second"
    ready_made.copy_to(first)
    # From here on nothing is made any more: the second comes off the shelf.
    monkeypatch.setattr(ready_made, "_make", None)
    ready_made.copy_to(second)

    one, other = (postgres.start(data, settings=ready_made.FAST) for data in (first, second))
    try:
        with psycopg.connect(one.url) as here, psycopg.connect(other.url) as there:
            here.execute("INSERT INTO core_ratelimit VALUES ('k', now())")
            here.commit()
            assert there.execute("SELECT count(*) FROM core_ratelimit").fetchone() == (0,)
            assert here.execute("SELECT count(*) FROM ordering_order").fetchone() == (0,)
    finally:
        postgres.stop(one)
        postgres.stop(other)


def test_a_changed_migration_is_another_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migration = tmp_path / "simplane" / "ledger" / "migrations" / "0001_initial.py"
    migration.parent.mkdir(parents=True)
    migration.write_text("first")
    monkeypatch.setattr(ready_made, "ROOT", tmp_path)
    before = ready_made.fingerprint()

    migration.write_text("second")

    assert ready_made.fingerprint() != before
    migration.write_text("first")
    assert ready_made.fingerprint() == before
