"""The hash chain over each organization's audit entries, made behind the writers (docs/adr/0029).

A seal is SHA-256 over the seal before it and everything of an entry, so an entry that was changed, removed or moved to
another place no longer fits its seal or the next one. Whoever writes an entry waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection
from django.db.models import F, Func, TextField

from simplane.core import clock, following
from simplane.core.db import needs_transaction, transaction
from simplane.core.models import AuditEntry, AuditSeal

READER = "audit.seal"
BATCH = 50_000
"""Numbers of entries looked at in one transaction."""
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


def seal_new() -> dict[str, int]:
    """Chain what was committed since the last time. Entries of transactions still under way wait for the next time."""
    sealed: list[int] = []

    def read(after: int, upto: int) -> int:
        upto = min(upto, after + BATCH)
        sealed.append(_seal("e.id > %(after)s AND e.id <= %(upto)s", {"after": after, "upto": upto}))
        return upto

    with transaction():
        following.begin_at_the_first(READER)
    behind, last = following.read_on(READER, read, table=AuditEntry), -1
    while behind != last:
        behind, last = following.read_on(READER, read, table=AuditEntry), behind
    return {"sealed": sum(sealed), "behind": behind}


@needs_transaction
def seal_organization(organization_id: int) -> None:
    """Chain every entry of one organization that this transaction sees."""
    _seal("e.organization_id = %(organization)s", {"organization": organization_id})


def _seal(which: str, given: dict[str, int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(SEAL.format(which=which), {**given, "now": clock.now()})
        return int(cursor.rowcount)


def verify(organization_id: int | None = None) -> Verdict:
    """Walk the chains, of all organizations or of one."""
    with transaction(), connection.cursor() as cursor:
        cursor.execute(HEADS, {"organization": organization_id})
        heads = tuple(Head(*row) for row in cursor.fetchall())
        problems = tuple(islice(_problems(organization_id), MOST_PROBLEMS))
        return Verdict(sum(one.number for one in heads), problems, heads)


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
      SELECT number, hash FROM core_auditseal AS s WHERE s.organization_id = e.organization_id ORDER BY number DESC LIMIT 1
    ) AS s ON true
    WHERE {{which}} AND e.organization_id IS NOT NULL
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
               WHEN w.id IS NULL THEN 'was removed' ELSE 'was changed, or moved in the order' END
        FROM (
          SELECT s.organization_id, s.number, s.entry_id, s.hash, e.id,
            coalesce(lag(s.number) OVER chain, 0) + 1 AS due,
            simplane_link(lag(s.hash) OVER chain, {GENESIS}, simplane_audit_text(s.number, {ENTRY})) AS wanted
          FROM core_auditseal AS s LEFT JOIN core_auditentry AS e ON e.id = s.entry_id
          WHERE %(organization)s::bigint IS NULL OR s.organization_id = %(organization)s
          WINDOW chain AS (PARTITION BY s.organization_id ORDER BY s.number)
        ) AS w WHERE w.number <> w.due OR w.wanted IS DISTINCT FROM w.hash ORDER BY w.organization_id, w.number LIMIT %(most)s
        """,  # noqa: S608  constants only
    ),
    (
        "entry {0} has no seal although later ones have: it was put in afterwards, or its seal was removed",
        """
        SELECT e.organization_id, e.id FROM core_auditentry AS e
        WHERE e.organization_id IS NOT NULL AND (%(organization)s::bigint IS NULL OR e.organization_id = %(organization)s)
          AND e.id <= (SELECT last_event FROM core_bookmark WHERE reader = %(reader)s)
          AND NOT EXISTS (SELECT FROM core_auditseal AS s WHERE s.entry_id = e.id) ORDER BY e.id LIMIT %(most)s
        """,
    ),
)
