"""`simplane load setup.json`: products, prices, rates, suppliers, shops, matches and rules from one file.

Repeatable: what is there already is not touched. All or nothing, in one transaction. Nothing is deleted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from simplane.ops.setup_apply import Report


def main(argv: list[str]) -> int:
    """Exit code 0: loaded (or, dry, could be); 1: the file was refused; 2: there is no such file or it is no JSON."""
    parser = argparse.ArgumentParser(prog="simplane load", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="show the same differences and write nothing")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    try:
        setup = json.loads(options.file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return _failed([f"{options.file}: {error}"], as_json=options.json, code=2)
    django.setup()
    from simplane.ops.setup_file import BadSetup

    try:
        report = load(setup, dry_run=options.dry_run)
    except BadSetup as refusal:
        return _failed(refusal.problems, as_json=options.json, code=1)
    print(json.dumps(_as_json(report, dry_run=options.dry_run)) if options.json else _told(report, options.dry_run))
    return 0


def load(setup: Mapping[str, Any], *, dry_run: bool = False, environ: Mapping[str, str] = os.environ) -> Report:
    """Bring the database to what a decoded setup file says. Raises BadSetup; then nothing was changed."""
    from simplane.ops import setup_apply, setup_file

    return setup_apply.bring_about(setup_file.read(setup), dry_run=dry_run, environ=environ)


def _failed(problems: list[str] | tuple[str, ...], *, as_json: bool, code: int) -> int:
    if as_json:
        print(json.dumps({"ok": False, "problems": list(problems)}))
    else:
        for line in problems:
            print(f"load: {line}", file=sys.stderr)
        print("load: nothing was changed", file=sys.stderr)
    return code


def _as_json(report: Report, *, dry_run: bool) -> dict[str, Any]:
    changes = [asdict(one) for one in report.changes]
    return {"ok": True, "dry_run": dry_run, "changes": changes, "waiting": report.waiting, "kept": report.kept}


def _told(report: Report, dry_run: bool) -> str:
    lines = []
    for one in report.changes:
        if one.before is None:
            lines.append(f"+ {one.entity} {one.key} {one.after.get(one.entity, '')}".rstrip())
        else:
            changed = ", ".join(f"{name}: {one.before.get(name)} -> {value}" for name, value in one.after.items())
            lines.append(f"~ {one.entity} {one.key}: {changed}")
    lines += [f"… {text}" for text in report.waiting]
    lines += [f"= {text}" for text in report.kept]
    many = f"{len(report.changes)} change{'' if len(report.changes) == 1 else 's'}"
    summary = f"{many} would be made" if dry_run else f"{many} made" if report.changes else "nothing to do"
    return "\n".join([*lines, summary])
