"""The application's source as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules(folder: str = "simplane") -> Iterator[tuple[str, ast.Module]]:
    """Every file but migrations: its path below `folder`, and its tree."""
    base = ROOT / folder
    for path in sorted(base.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path.relative_to(base).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name it is made by (`datetime.now`, `jobs.enqueue`)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
