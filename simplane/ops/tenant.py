"""`simplane tenant export SLUG FILE` and `simplane tenant import FILE`: move a company to a database of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

import django


def main(argv: list[str]) -> int:
    """Exit code 0, or 1 with the reason; then nothing was changed."""
    parser = argparse.ArgumentParser(prog="simplane tenant", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    out = verbs.add_parser("export", help="write all rows of a company, with hashes, into a file")
    out.add_argument("slug")
    out.add_argument("file", type=Path)
    into = verbs.add_parser("import", help="bring them into another database, all or nothing")
    into.add_argument("file", type=Path)
    options = parser.parse_args(argv)
    django.setup()
    return _do(options)


def _do(options: argparse.Namespace) -> int:
    from simplane.core import context
    from simplane.core.errors import Refusal
    from simplane.ops.tenant_export import export
    from simplane.ops.tenant_import import take_in

    try:
        with context.acting("command line"):
            done = export(options.slug, options.file) if options.verb == "export" else take_in(options.file)
    except Refusal as refusal:
        print(f"tenant {options.verb}: {refusal}")
        return 1
    rows = sum(table.rows for table in done.tables)
    print(f"{done.organization['slug']}: {rows} rows of {len(done.tables)} tables\nsha256 {done.sha256}")
    return 0
