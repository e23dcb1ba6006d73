"""One company out of the database into an archive, as it stood at one moment."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from simplane.core import audit, seals, tenancy
from simplane.core.db import transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.models import AuditEntry
from simplane.ops.tenant_archive import Manifest, Written, write
from simplane.ops.tenant_plan import INSTEAD, Part, parts
from simplane.organizations.models import Organization

TRIES = 5
FORMATS = """
SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1
"""


class DamagedHistory(Refusal):
    """The company's audit log is not what was once written; a file of it would say it is."""

    code = "damaged_history"
    status = 409


class StillChanging(Refusal):
    """The company is changed faster than its history is sealed."""

    code = "still_changing"
    status = 409


def export(slug: str, path: Path) -> Manifest:
    """Write the company's archive. Raises NotFound, Entangled, DamagedHistory, StillChanging, BadArchive; no file then."""
    found = Organization.objects.filter(slug=slug, kind=Organization.Kind.COMPANY).first()
    if found is None:
        raise NotFound(f"there is no company {slug}", fix="look at the companies in the console")
    with tempfile.TemporaryDirectory(dir=path.parent) as place, tenancy.everywhere():
        folder = Path(place)
        manifest = _read(found, folder)
        write(path, manifest, folder)
    with transaction():
        after = {"sha256": manifest.sha256}
        audit.note("tenant.exported", "organization", found.slug, after=after, organization_id=found.pk)
    return manifest


def _read(found: Organization, folder: Path) -> Manifest:
    """Sealed first: what arrives must be whole, and be the same when it leaves again."""
    for _ in range(TRIES):
        seals.seal_new()
        with transaction(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(FORMATS)
            _refuse_damaged(found)
            if AuditEntry.objects.filter(organization_id=found.pk, seal=None).exists():
                continue
            told = {"id": found.pk, "slug": found.slug, "name": found.name}
            written = tuple(_spool(part, found.pk, folder) for part in parts(found.pk))
            return Manifest(told, schema(), tuple(one for one in written if one.rows))
    raise StillChanging(fix="suspend the company in the console first")


def _refuse_damaged(found: Organization) -> None:
    if problems := seals.problems(found.pk):
        raise DamagedHistory(
            f"the audit log of {found.slug} is damaged: {problems[0].words}",
            fix=f"look at `simplane audit verify --organization {found.slug}`, and restore what was there",
        )


def _spool(part: Part, organization_id: int, folder: Path) -> Written:
    table, seen = part.table, hashlib.sha256()
    instead = INSTEAD.get(table.name, {})
    told = ", ".join(instead.get(name, f'"{name}"').format(org=organization_id) for name in table.columns)
    query = f"COPY (SELECT {told} FROM {table.name} WHERE {part.where} ORDER BY {', '.join(table.key)}) TO STDOUT"  # noqa: S608
    with connection.cursor() as cursor, (folder / table.name).open("wb") as file:
        with cursor.copy(query) as copying:
            for chunk in copying:
                seen.update(chunk)
                file.write(chunk)
        return Written(table.name, table.columns, cursor.rowcount, seen.hexdigest(), bool(part.shared))


def schema() -> dict[str, str]:
    """The newest migration of every app that this database has."""
    applied = MigrationRecorder(connection).applied_migrations()
    return {app: max(name for one, name in applied if one == app) for app in sorted({app for app, _ in applied})}
