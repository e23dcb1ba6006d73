"""How long usage is kept, and the proof that it is gone: no row is deleted without one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from simplane.core import audit, clock, context, tenancy
from simplane.core.db import needs_transaction, transaction
from simplane.core.errors import BadInput
from simplane.organizations.models import Organization
from simplane.usage import partitions
from simplane.usage.models import Deletion, Retention

RAW_DAYS, ROLLUP_DAYS = 180, 1100
LEAST_DAYS, MOST_DAYS = 90, 3700
"""The least is more than the lateness at which records are refused: a deleted record can not be counted again."""
_TEXT = {
    "event": "meter_id, extract(epoch FROM started_at), source_id, version, bytes, country, network",
    "hour": "extract(epoch FROM hour), assignment_id, country, network, bytes, records",
    "day": "day, assignment_id, country, network, bytes, records",
}
_ORDER = {
    "event": "meter_id, started_at, source_id",
    "hour": "hour, assignment_id, country, network",
    "day": "day, assignment_id, country, network",
}
SUMS = """
SELECT organization_id, count(*), coalesce(sum(bytes), 0)::bigint,
       encode(sha256(convert_to(string_agg(concat_ws('|', {text}), E'\n' ORDER BY {order}), 'UTF8')), 'hex')
  FROM {table} WHERE {where} GROUP BY organization_id ORDER BY organization_id
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """How long one company's usage is kept, in days, and whose word that is."""

    raw_days: int = RAW_DAYS
    rollup_days: int = ROLLUP_DAYS
    words: str = f"standard: records {RAW_DAYS} days, days {ROLLUP_DAYS}"


STANDARD = Rule()


@dataclass(frozen=True, slots=True)
class _Doomed:
    """Rows about to be deleted, of days from `since` to before `until`."""

    what: str
    table: str
    where: str
    given: list[Any]
    since: date
    until: date


def set_retention(*, raw_days: int, rollup_days: int) -> None:
    """In a company's scope: keep its usage that long from now on. Raises BadInput."""
    if not LEAST_DAYS <= raw_days <= rollup_days <= MOST_DAYS:
        raise BadInput(
            f"records {raw_days} days and daily sums {rollup_days} days are not possible",
            fix=f"{LEAST_DAYS} to {MOST_DAYS} days, daily sums at least as long as records",
        )
    now = clock.now()
    with transaction():
        before = Retention.objects.values("raw_days", "rollup_days").first()
        after = {"raw_days": raw_days, "rollup_days": rollup_days}
        Retention.objects.update_or_create(
            organization_id=tenancy.organization_id(),
            defaults={**after, "set_by": context.actor()[:120], "set_at": now},
        )
        audit.note("usage.retention_set", "organization", tenancy.organization_id(), before=before, after=after)


def delete_old() -> dict[str, int]:
    """Delete what no rule keeps: whole days of raw records by dropping them, the rest row by row. Rows by table."""
    with tenancy.everywhere():
        rules = {
            one.organization_id: Rule(
                one.raw_days,
                one.rollup_days,
                f"{one.set_by}, {one.set_at:%Y-%m-%d}: records {one.raw_days} days, days {one.rollup_days}",
            )
            for one in Retention.objects.all()
        }
    today = clock.now().date()
    shortest = min([RAW_DAYS, *(rule.raw_days for rule in rules.values())])
    gone = {"event": 0, "hour": 0, "day": 0}
    for day in partitions.days():
        if day < today - timedelta(days=shortest):
            with transaction():
                gone["event"] += _delete_records(day, today, rules)
    for organization_id in _companies():
        rule = rules.get(organization_id, STANDARD)
        with transaction():
            gone["hour"] += _delete_sums("hour", organization_id, today - timedelta(days=rule.raw_days), rule)
            gone["day"] += _delete_sums("day", organization_id, today - timedelta(days=rule.rollup_days), rule)
    return gone


@needs_transaction
def _delete_records(day: date, today: date, rules: dict[int, Rule]) -> int:
    table = partitions.name_of(day)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT organization_id FROM {table}")  # noqa: S608  a date's name
        here = [one for (one,) in cursor.fetchall()]
        over = [one for one in here if day < today - timedelta(days=rules.get(one, STANDARD).raw_days)]
        proven = _Doomed("event", table, "organization_id = ANY(%s)", [over], day, day + timedelta(days=1))
        rows = _prove(proven, rules)
        if len(over) == len(here) and day < today - timedelta(days=RAW_DAYS):
            cursor.execute(partitions.LOCK_WAIT)
            cursor.execute(f"DROP TABLE {table}")
        elif over:
            cursor.execute(f"DELETE FROM {table} WHERE organization_id = ANY(%s)", [over])  # noqa: S608
    return rows


@needs_transaction
def _delete_sums(what: str, organization_id: int, before: date, rule: Rule) -> int:
    where = f"organization_id = %s AND {what} < %s"
    first = _first(what, organization_id)
    if first is None or first >= before:
        return 0
    given: list[Any] = [organization_id, partitions.bounds(before)[0] if what == "hour" else before]
    rows = _prove(_Doomed(what, f"usage_{what}", where, given, first, before), {organization_id: rule})
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM usage_{what} WHERE {where}", given)  # noqa: S608  names of ours
    return rows


def _prove(doomed: _Doomed, rules: dict[int, Rule]) -> int:
    """Write what is about to go, a row a company; how many rows that are."""
    what = doomed.what
    statement = SUMS.format(text=_TEXT[what], order=_ORDER[what], table=doomed.table, where=doomed.where)
    with connection.cursor() as cursor:
        cursor.execute(statement, doomed.given)
        found = cursor.fetchall()
    now = clock.now()
    proofs = [
        Deletion(
            organization_id=organization_id,
            what=what,
            since=partitions.bounds(doomed.since)[0],
            until=partitions.bounds(doomed.until)[0],
            rows=rows,
            bytes=used,
            checksum=checksum,
            rule=rules.get(organization_id, STANDARD).words,
            at=now,
        )
        for organization_id, rows, used, checksum in found
    ]
    with tenancy.everywhere():
        Deletion.objects.bulk_create(proofs)
    return sum(one.rows for one in proofs)


def _first(what: str, organization_id: int) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min({what}) FROM usage_{what} WHERE organization_id = %s", [organization_id])  # noqa: S608
        ((first,),) = cursor.fetchall()
    found: date | None = first.date() if isinstance(first, datetime) else first
    return found


def _companies() -> list[int]:
    return list(Organization.objects.filter(kind=Organization.Kind.COMPANY).values_list("pk", flat=True))
