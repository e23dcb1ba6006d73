"""What import-linter can not see: foreign keys point down, and the queue is known to three files."""

from __future__ import annotations

import tomllib

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField

from simplane.core.queue_check import loud_triggers
from tests.architecture.code import ROOT, imported, modules


def layers() -> dict[str, int]:
    """Packages and their row, 0 at the bottom, as pyproject.toml has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = next(one["layers"] for one in contracts if one["type"] == "layers")
    return {name.strip(): number for number, row in enumerate(reversed(rows)) for name in row.split("|")}


def test_foreign_keys_point_down() -> None:
    rows = layers()
    upward = []
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey | ManyToManyField) or model._meta.app_label not in rows:
                continue
            here, there = model._meta.app_label, field.remote_field.model._meta.app_label
            if there in rows and here != there and rows[there] >= rows[here]:
                upward.append(f"{model._meta.label}.{field.name} -> {there}")
    assert upward == []


def test_only_two_files_know_procrastinate() -> None:
    knowing = {path for path, tree in modules() for name in imported(tree) if name.split(".")[0] == "procrastinate"}
    assert knowing == {"core/schedule.py", "core/worker.py"}


def test_the_queue_notifies_nobody_by_itself(db: None) -> None:
    assert loud_triggers() == []


def test_every_package_is_on_the_map() -> None:
    packages = {path.split("/")[0] for path, _ in modules() if "/" in path}
    assert packages == set(layers())
