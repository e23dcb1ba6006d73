"""A company out of an archive into a database that was only migrated, or into one where its ids are free. All or nothing."""

from __future__ import annotations

from pathlib import Path

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from simplane.core import audit, tenancy
from simplane.core.db import transaction
from simplane.core.errors import Refusal
from simplane.ops.tenant_archive import Archive, BadArchive, Manifest, Written, opened
from simplane.ops.tenant_export import FORMATS, schema
from simplane.ops.tenant_plan import Table, tables

FIRST = ("billing_invoiceline", "billing_billedfact", "ledger_account", "ledger_transaction")
"""Lines come before their invoice, for one that is locked takes no more; transactions before entries, which ask for them.

Foreign keys are looked at when all is there.
"""


class OtherVersion(Refusal):
    """The archive was written with other tables than this database has."""

    code = "other_version"
    status = 409


class Taken(Refusal):
    """Something here has the ids or names that the company brings with it."""

    code = "already_taken"
    status = 409


def take_in(path: Path) -> Manifest:
    """Bring in what an archive holds. Raises BadArchive, AnotherKey, OtherVersion, Taken; then nothing was changed."""
    archive = opened(path)
    manifest = archive.manifest
    if manifest.schema != schema():
        raise OtherVersion(_difference(manifest.schema, schema()), fix="run the same version and `simplane migrate`")
    try:
        with tenancy.everywhere(), transaction(), connection.cursor() as cursor:
            cursor.execute(FORMATS)
            known = tables()
            for written in sorted(manifest.tables, key=_turn):
                _load(cursor, archive, written, known.get(written.name))
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for written in manifest.tables:
                _number_on(cursor, known[written.name])
            slug, number = str(manifest.organization["slug"]), int(manifest.organization["id"])
            after = {"sha256": manifest.sha256}
            audit.note("tenant.imported", "organization", slug, after=after, organization_id=number)
    except DatabaseError as problem:
        raise Taken(str(problem).splitlines()[0], fix="import into a database that was only migrated") from problem
    return manifest


def _turn(written: Written) -> tuple[int, str]:
    return (FIRST.index(written.name) if written.name in FIRST else len(FIRST)), written.name


def _load(cursor: CursorWrapper, archive: Archive, written: Written, table: Table | None) -> None:
    if table is None or table.columns != written.columns:
        raise BadArchive(f"{written.name} has other columns here", fix="run the version that wrote the archive")
    name, stage = table.name, f"stage_{table.name}"[:63]
    columns = ", ".join(f'"{one}"' for one in table.columns)
    # COPY refuses a table with row-level security; one INSERT, for the ledger looks at whole statements.
    cursor.execute(f"CREATE TEMP TABLE {stage} (LIKE {name}) ON COMMIT DROP")
    with cursor.copy(f"COPY {stage} ({columns}) FROM STDIN") as copying:
        for chunk in archive.chunks(name):
            copying.write(chunk)
    if cursor.rowcount != written.rows:
        raise BadArchive(f"{name} holds {cursor.rowcount} rows, its manifest says {written.rows}")
    same = " AND ".join(f"there.{key} = here.{key}" for key in table.key)
    there = _already(cursor, table, stage, same)
    if there and not written.shared:
        raise Taken(f"{there} ids of {name} are in use here", fix="import into a database that was only migrated")
    cursor.execute(
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {stage} AS here"  # noqa: S608  names of our tables
        f" WHERE NOT EXISTS (SELECT FROM {name} AS there WHERE {same})"
    )


def _already(cursor: CursorWrapper, table: Table, stage: str, same: str) -> int:
    """How many of the rows are here. Raises Taken for one that is here and is something else."""
    named = [f"(there.{c} IS DISTINCT FROM here.{c})" for c in sorted({c for unique in table.uniques for c in unique})]
    cursor.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {' OR '.join(named) or 'false'})"  # noqa: S608  names of our tables
        f" FROM {stage} AS here JOIN {table.name} AS there ON {same}"
    )
    count, others = cursor.fetchone() or (0, 0)
    if others:
        raise Taken(
            f"{others} ids of {table.name} are something else here", fix="import before anything else is loaded"
        )
    return int(count)


def _number_on(cursor: CursorWrapper, table: Table) -> None:
    """New rows are numbered after those that arrived."""
    for key in table.key:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [table.name, key])
        (sequence,) = cursor.fetchone() or (None,)
        if sequence:
            cursor.execute(
                f"SELECT setval('{sequence}', greatest(max({key}), (SELECT last_value FROM {sequence})))"  # noqa: S608
                f" FROM {table.name} HAVING max({key}) IS NOT NULL"
            )


def _difference(theirs: dict[str, str], ours: dict[str, str]) -> str:
    names = sorted({*theirs, *ours})
    found = [
        f"{name}: {theirs.get(name)} there, {ours.get(name)} here"
        for name in names
        if theirs.get(name) != ours.get(name)
    ]
    return "; ".join(found[:3])
