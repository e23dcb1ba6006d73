"""Usage records into the database: each stored once, and rolled up by day, in one transaction (docs/adr/0027)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from simplane.core import clock, events
from simplane.core.db import needs_transaction, transaction
from simplane.usage import load_sql as sql
from simplane.usage.events import UsageStored
from simplane.usage.values import Loaded, Record

LATEST = timedelta(days=60)
"""A record that comes later is refused: by then raw rows may be deleted, and nothing would know that it was counted."""
AHEAD = timedelta(hours=1)
"""How far a supplier's clock may be before ours."""
FEW = 500
LINES_A_NEWS = 500


def load(supplier_id: int, records: Sequence[Record]) -> Loaded:
    """Store a supplier's records, any number, as one change; those known already change nothing."""
    with transaction():
        return store(supplier_id, records)


@needs_transaction
def store(supplier_id: int, records: Sequence[Record]) -> Loaded:
    """As `load`, as part of a change."""
    if len(records) > FEW:
        return store_lines(supplier_id, [copy_lines(records)])
    rows = [
        {**{name: getattr(one, name) for name in Record.__slots__}, "started_at": one.started_at.isoformat()}
        for one in records
    ]
    with connection.cursor() as cursor:
        return _apply(cursor, supplier_id, few=json.dumps(rows))


@needs_transaction
def store_lines(supplier_id: int, chunks: Iterable[bytes]) -> Loaded:
    """As `store`, of records that are lines of COPY's text format already (`copy_lines`)."""
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, {"class": sql.LOCK_CLASS, "supplier": supplier_id})
        cursor.execute(sql.SETTINGS)
        cursor.execute(sql.INCOMING)
        with cursor.copy(sql.COPY) as copying:
            for chunk in chunks:
                copying.write(chunk)
        cursor.execute(sql.ANALYZE)
        stored = _apply(cursor, supplier_id)
        cursor.execute("DROP TABLE incoming")
    return stored


def copy_lines(records: Iterable[Record]) -> bytes:
    """Records as COPY reads them."""
    return "".join(
        f"{_text(one.line)}\t{_text(one.source_id)}\t{one.started_at.isoformat()}\t{one.bytes}"
        f"\t{_text(one.country)}\t{_text(one.network)}\t{one.version}\n"
        for one in records
    ).encode()


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "")


def _apply(cursor: CursorWrapper, supplier_id: int, few: str = "") -> Loaded:
    now = clock.now()
    given: dict[str, Any] = {"supplier": supplier_id, "oldest": now - LATEST, "newest": now + AHEAD, "rows": few}
    parts = {"held": sql.HELD, "roll": sql.ROLL, **_parts(bool(few))}

    def run(statement: str) -> list[tuple[Any, ...]]:
        cursor.execute(statement.format(**parts), given)
        return list(cursor.fetchall())

    ((total, refused, version, first, last),) = run(sql.SEEN)
    if total == refused:
        return Loaded(refused=refused)
    given |= {"oldest": first, "newest": last}  # no more partitions than needed
    fresh = run(sql.NEW)
    changed = run(sql.CORRECTED) if version > 1 else []
    new, corrected = sum(row[2] for row in fresh), sum(row[3] for row in changed)
    left = total - refused - new - corrected
    unmetered = run(sql.UNMETERED)[0][0] if left else 0
    return Loaded(
        new=new,
        corrected=corrected,
        refused=refused,
        unmetered=unmetered,
        repeated=left - unmetered,
        lines=_told([*fresh, *changed]),
    )


def _parts(handful: bool) -> dict[str, str]:
    if handful:
        return {"few": sql.FEW, "known": "", "conflict": sql.CONFLICT}
    return {"few": "", "known": sql.KNOWN, "conflict": ""}


def _told(sums: Iterable[tuple[Any, ...]]) -> dict[int, tuple[int, ...]]:
    """Say whose sums changed, and return it."""
    lines: dict[int, set[int]] = {}
    for organization_id, line_ids, *_ in sums:
        lines.setdefault(organization_id, set()).update(line_ids)
    found = {organization_id: tuple(sorted(ids)) for organization_id, ids in lines.items()}
    for organization_id, ids in found.items():
        for start in range(0, len(ids), LINES_A_NEWS):
            part = list(ids[start : start + LINES_A_NEWS])
            events.record(UsageStored(organization_id=organization_id, line_ids=part))
    return found
