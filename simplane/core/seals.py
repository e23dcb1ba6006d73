"""The hash chain over each organization's audit entries, made behind the writers (docs/adr/0029).

A seal is SHA-256 over the seal before it and everything of an entry, so an entry that was changed, removed or moved to
another place no longer fits its seal or the next one. Whoever writes an entry waits for nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection
from django.db.models import F, Func, Max, TextField

from simplane.core import clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.models import AuditEntry, AuditSeal, Bookmark

READER = "audit.seal"
BATCH = 50_000
"""Numbers of entries looked at in one transaction."""
LOOK_EVERY = 0.05
MOST_PROBLEMS = 50
_LOCK = 0x61756469  # one sealer at a time
ENTRY = (
    "e.id, e.organization_id, e.at, e.actor, e.action, e.entity, e.entity_id, e.before, e.after, e.reason, e.request_id"
)
GENESIS = "decode(repeat('00', 32), 'hex')"
SEALED_TEXT = Func(
    F("seal__number"),
    *(F(name.strip().removeprefix("e.")) for name in ENTRY.split(",")),
    function="simplane_audit_text",
    output_field=TextField(),
)
"""Of a sealed entry: exactly what was hashed after the seal before it; each part is `<bytes>:<text>,`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problems` is empty when the chains are intact; at most MOST_PROBLEMS are named. `heads`: each chain's newest seal."""

    entries: int
    problems: tuple[Problem, ...]
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with which entry of whose chain."""

    organization_id: int
    words: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of an organization's chain. Kept elsewhere, it proves later that nothing was cut off."""

    organization_id: int
    number: int
    hash: str
    """Hexadecimal."""


def seal_new(*, patience: float = 2.0) -> dict[str, int]:
    """Chain what was committed since the last time, up to the newest entry there is now.

    Numbers are taken before they are committed: a smaller one may still come from a transaction under way. Those are waited
    for, `patience` seconds at most; else nothing is sealed this time (`behind`: how many numbers wait).
    """
    newest = AuditEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    done = _writers_are_done(patience)
    sealed = 0
    while done and (batch := _batch(newest)) is not None:
        sealed += batch
    return {"sealed": sealed, "behind": 0 if done else newest - _last()}


def _batch(newest: int) -> int | None:
    """Seal the next numbers up to `newest` and move the bookmark; None when there are none."""
    with transaction():
        _one_at_a_time()
        after = _last()
        if after >= newest:
            return None
        upto = min(newest, after + BATCH)
        sealed = _seal(after, upto)
        mark = {"last_event": upto, "seen_event": upto, "seen_xid": 0}
        Bookmark.objects.update_or_create(reader=READER, defaults=mark)
        return sealed


def _last() -> int:
    return Bookmark.objects.filter(reader=READER).values_list("last_event", flat=True).first() or 0


def _writers_are_done(patience: float) -> bool:
    """Whether all transactions that write entries at this moment end in time. Whoever begins later gets larger numbers."""
    waited, writers = 0.0, _writers()
    while writers and waited < patience:
        time.sleep(LOOK_EVERY)
        waited += LOOK_EVERY
        writers &= _writers()
    return not writers


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {row[0] for row in cursor.fetchall()}


def _seal(after: int, upto: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(SEAL, {"after": after, "upto": upto, "now": clock.now()})
        return int(cursor.rowcount)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def verify(organization_id: int | None = None) -> Verdict:
    """Walk the chains, of all organizations or of one."""
    with transaction(), connection.cursor() as cursor:
        cursor.execute(HEADS, {"organization": organization_id})
        heads = tuple(Head(*row) for row in cursor.fetchall())
        return Verdict(sum(one.number for one in heads), problems(organization_id), heads)


@needs_transaction
def problems(organization_id: int | None = None) -> tuple[Problem, ...]:
    """What is wrong with the chains as this transaction sees them, MOST_PROBLEMS at most."""
    return tuple(islice(_problems(organization_id), MOST_PROBLEMS))


def _problems(organization_id: int | None) -> Iterator[Problem]:
    given = {"organization": organization_id, "reader": READER, "most": MOST_PROBLEMS}
    for wording, query in CHECKS:
        with connection.cursor() as cursor:
            cursor.execute(query, given)
            for organization, *row in cursor.fetchall():
                yield Problem(organization, wording.format(*row))


def known(organization_id: int, number: int, seal: str) -> bool:
    """Whether the chain still has this seal (hexadecimal), as somebody noted it earlier."""
    return AuditSeal.objects.filter(organization_id=organization_id, number=number, hash=bytes.fromhex(seal)).exists()


WRITERS = """
SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'core_auditentry'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()
"""
SEAL = f"""
INSERT INTO core_auditseal (entry_id, organization_id, number, hash, sealed_at)
SELECT n.id, n.organization_id, n.number,
  simplane_chain(coalesce(n.head, {GENESIS}), n.content) OVER (PARTITION BY n.organization_id ORDER BY n.number), %(now)s
FROM (
  SELECT e.id, e.organization_id, p.number, e.head,
    simplane_audit_text(p.number, {ENTRY}) AS content
  FROM (
    SELECT e.*, s.hash AS head, coalesce(s.number, 0) AS length,
      row_number() OVER (PARTITION BY e.organization_id ORDER BY e.id) AS place
    FROM core_auditentry AS e
    LEFT JOIN LATERAL (
      SELECT number, hash, entry_id FROM core_auditseal AS s WHERE s.organization_id = e.organization_id
      ORDER BY number DESC LIMIT 1
    ) AS s ON true
    WHERE e.id > %(after)s AND e.id <= %(upto)s AND e.organization_id IS NOT NULL
      -- Also when somebody set the bookmark back: what was put in before a sealed entry stays without a seal.
      AND e.id > coalesce(s.entry_id, 0)
      AND NOT EXISTS (SELECT FROM core_auditseal AS done WHERE done.entry_id = e.id)
  ) AS e CROSS JOIN LATERAL (SELECT e.length + e.place AS number) AS p
) AS n
"""  # noqa: S608  constants only
HEADS = """
SELECT DISTINCT ON (organization_id) organization_id, number, encode(hash, 'hex') FROM core_auditseal
WHERE %(organization)s::bigint IS NULL OR organization_id = %(organization)s
ORDER BY organization_id, number DESC
"""
CHECKS = (
    (
        "entry {1} (seal {0}) {2}",
        f"""
        SELECT w.organization_id, w.number, w.entry_id,
          CASE WHEN w.number <> w.due THEN 'comes after a gap: seal ' || w.due || ' is missing'
               WHEN w.id IS NULL THEN 'was removed'
               WHEN w.wanted IS DISTINCT FROM w.hash THEN 'was changed, or moved in the order'
               ELSE 'was put in afterwards: the entry sealed before it is newer' END
        FROM (
          SELECT s.organization_id, s.number, s.entry_id, s.hash, e.id, lag(s.entry_id) OVER chain AS before,
            coalesce(lag(s.number) OVER chain, 0) + 1 AS due,
            simplane_link(lag(s.hash) OVER chain, {GENESIS}, simplane_audit_text(s.number, {ENTRY})) AS wanted
          FROM core_auditseal AS s LEFT JOIN core_auditentry AS e ON e.id = s.entry_id
          WHERE %(organization)s::bigint IS NULL OR s.organization_id = %(organization)s
          WINDOW chain AS (PARTITION BY s.organization_id ORDER BY s.number)
        ) AS w WHERE w.number <> w.due OR w.wanted IS DISTINCT FROM w.hash OR w.entry_id < w.before
        ORDER BY w.organization_id, w.number LIMIT %(most)s
        """,  # noqa: S608  constants only
    ),
    (
        "entry {0} has no seal although later ones have: it was put in afterwards, or its seal was removed",
        """
        SELECT e.organization_id, e.id FROM core_auditentry AS e
        LEFT JOIN (SELECT organization_id, max(entry_id) AS entry FROM core_auditseal GROUP BY 1) AS newest
          ON newest.organization_id = e.organization_id
        WHERE e.organization_id IS NOT NULL AND (%(organization)s::bigint IS NULL OR e.organization_id = %(organization)s)
          AND e.id <= greatest(newest.entry, (SELECT last_event FROM core_bookmark WHERE reader = %(reader)s))
          AND NOT EXISTS (SELECT FROM core_auditseal AS s WHERE s.entry_id = e.id) ORDER BY e.id LIMIT %(most)s
        """,
    ),
)
