"""A second start prepares nothing again, unless code, setup or database changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simplane.ops import prepared


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("18\n")
    return folder


def test_the_same_code_setup_and_database_are_prepared_once(cluster: Path, tmp_path: Path) -> None:
    mark = prepared.fingerprint(cluster, "{}")
    assert not prepared.is_done(tmp_path, mark)

    prepared.note_done(tmp_path, mark)

    assert prepared.is_done(tmp_path, prepared.fingerprint(cluster, "{}"))


def test_another_setup_is_prepared_again(cluster: Path, tmp_path: Path) -> None:
    prepared.note_done(tmp_path, prepared.fingerprint(cluster, "{}"))

    assert not prepared.is_done(tmp_path, prepared.fingerprint(cluster, '{"products": []}'))


def test_a_database_made_anew_is_prepared_again(cluster: Path, tmp_path: Path) -> None:
    prepared.note_done(tmp_path, prepared.fingerprint(cluster, "{}"))
    version = cluster / "PG_VERSION"
    version.rename(cluster / "before")
    version.write_text("18\n")

    assert not prepared.is_done(tmp_path, prepared.fingerprint(cluster, "{}"))


def test_changed_code_is_prepared_again(cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "simplane" / "models.py"
    code.parent.mkdir()
    code.write_text("x = 1\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("")
    monkeypatch.setattr(prepared, "ROOT", tmp_path)
    prepared.note_done(tmp_path, prepared.fingerprint(cluster, "{}"))

    os.utime(code, (1, 1))

    assert not prepared.is_done(tmp_path, prepared.fingerprint(cluster, "{}"))


def test_a_preparation_that_was_cut_off_counts_for_nothing(cluster: Path, tmp_path: Path) -> None:
    mark = prepared.fingerprint(cluster, "{}")
    prepared.note_done(tmp_path, mark)

    prepared.forget(tmp_path)

    assert not prepared.is_done(tmp_path, mark)
