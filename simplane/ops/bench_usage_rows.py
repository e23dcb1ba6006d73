"""Companies, their lines and records for `simplane bench usage`: what is measured, and the checks of its sums."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Sum

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.organizations.models import Organization
from simplane.suppliers.models import Supplier
from simplane.usage import hours, load, load_sql, partitions, queries
from simplane.usage.models import UsageDay

LINES, DAYS = 100, 30
COUNTRIES = ("ES", "FR", "US", "TR", "DE")
LINE = "8944{:015d}"
METERS = """
INSERT INTO usage_meter (organization_id, line_id, supplier_id, supplier_code, supplier_line_id, reading_of)
SELECT one.id, number, %s, 'bench', '8944' || lpad(number::text, 15, '0'), ''
  FROM generate_series(0, %s) AS number
  JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM organizations_organization WHERE kind = 'company')
    AS one ON one.place = number %% %s
"""
ASSIGNMENTS = """
INSERT INTO usage_assignment (organization_id, meter_id, line_id, employee_id, team_id, cost_centre_id, plan, since)
SELECT organization_id, id, line_id, line_id, line_id %% 7, line_id %% 5, '', '2020-01-01' FROM usage_meter
"""
EMPTY = "TRUNCATE usage_event, usage_day, usage_hour, usage_daytoroll"
PLAIN = f"CREATE UNLOGGED TABLE IF NOT EXISTS plain ({load_sql.COLUMNS})"
FILL = """
INSERT INTO usage_event (organization_id, meter_id, started_at, bytes, assignment_id, version, country, network, source_id)
SELECT held.organization_id, held.meter_id, %(day)s::timestamptz + number * interval '1 hour' * (24.0 / %(each)s), 1000 + number,
       held.id, 1, (ARRAY['ES', 'FR', 'US', 'TR', 'DE'])[1 + held.id %% 5], '', 'cdr-' || number
  FROM usage_assignment AS held CROSS JOIN generate_series(0, %(each)s - 1) AS number
 WHERE held.organization_id BETWEEN %(first)s AND %(last)s
"""
SUM = """
INSERT INTO usage_day (organization_id, day, assignment_id, country, network, line_id, employee_id, team_id,
  cost_centre_id, bytes, records, last_at)
SELECT one.organization_id, (started_at AT TIME ZONE 'UTC')::date, assignment_id, country, network, held.line_id,
       held.employee_id, held.team_id, held.cost_centre_id, sum(bytes), count(*), max(started_at)
  FROM usage_event AS one JOIN usage_assignment AS held ON held.id = one.assignment_id
 WHERE one.organization_id BETWEEN %(first)s AND %(last)s AND started_at >= %(day)s
   AND started_at < %(day)s::timestamptz + interval '1 day'
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
HOURS_DIFFER = """
SELECT count(*) FROM (
  SELECT organization_id, date_trunc('hour', started_at), assignment_id, country, network, sum(bytes), count(*)
    FROM usage_event GROUP BY 1, 2, 3, 4, 5
  EXCEPT SELECT organization_id, hour, assignment_id, country, network, bytes, records FROM usage_hour) AS differing
"""


def make_companies(many: int) -> None:
    """Companies with a hundred metered lines each, and partitions for the days that are filled."""
    supplier = Supplier.objects.create(
        code="bench",
        vendor="esimgo",
        name="Bench",
        base_url="http://127.0.0.1:9",
        upstream_group="bench",
        credentials={},
    )
    now = clock.now()
    Organization.objects.bulk_create(
        Organization(slug=f"c{n}", name=f"Company {n}", kind="company", created_at=now) for n in range(many)
    )
    _run(METERS, [supplier.pk, many * LINES - 1, many])
    _run(ASSIGNMENTS.replace("%%", "%"))
    partitions.make_ahead()
    for day in sorted(set(_days()) - set(partitions.days())):
        with transaction():
            partitions.make(day)
    for table in ("organizations_organization", "usage_meter", "usage_assignment"):
        _run(f"ANALYZE {table}")
    _run(PLAIN)


def records(many: int, batch: int, companies: int) -> list[bytes]:
    """A supplier's files: two days of records of all lines in any order, as COPY reads them."""
    dice = random.Random(1)
    since = partitions.bounds(clock.now().date() - timedelta(days=2))[0]
    made = []
    for number in range(many):
        line = dice.randrange(companies * LINES)
        at = since + timedelta(seconds=dice.randrange(2 * 86400))
        used, country, network = dice.randrange(1_000_000), COUNTRIES[line % 5], f"21{line % 5}01"
        fields = (LINE.format(line), f"cdr-{number:09d}", at.isoformat(), str(used), country, network, "1")
        made.append("\t".join(fields) + "\n")
    return ["".join(made[start : start + batch]).encode() for start in range(0, many, batch)]


def empty() -> None:
    """Nothing stored, nothing waiting to be written to disk."""
    _run(EMPTY)
    _run("TRUNCATE plain")
    _run("CHECKPOINT")


def plain_copy(chunks: list[bytes]) -> None:
    """The limit: ready bytes into a table without an index that no crash needs to survive."""
    with connection.cursor() as cursor, cursor.copy("COPY plain FROM STDIN") as copying:
        for chunk in chunks:
            copying.write(chunk)


def load_all(chunks: list[bytes]) -> None:
    """Ours: a transaction a file."""
    supplier = Supplier.objects.get()
    for chunk in chunks:
        with transaction():
            load.store_lines(supplier.pk, [chunk])


def roll_hours() -> None:
    """The hours of everything loaded."""
    hours.roll()


def wrong_sums(many: int) -> int:
    """0, or 1 when the days are not the sum of each record once."""
    ((raw, used),) = _run("SELECT count(*), sum(bytes) FROM usage_event")
    ((summed, summed_used),) = _run("SELECT sum(records), sum(bytes) FROM usage_day")
    return int((raw, used) != (summed, summed_used) or raw != many)


def wrong_hours() -> int:
    """Hours that are not the sum of their records."""
    ((differing,),) = _run(HOURS_DIFFER)
    return int(differing)


def fill(each: int, *, first: int, last: int) -> None:
    """`each` records a day and line of 30 days, of the companies from the `first` to the `last`."""
    ids = list(Organization.objects.filter(kind="company").order_by("pk").values_list("pk", flat=True))
    for day in _days():
        given = {"day": partitions.bounds(day)[0], "each": each, "first": ids[first - 1], "last": ids[last - 1]}
        _run(FILL, given)
        _run(SUM, given)
    _run("VACUUM (ANALYZE) usage_day, usage_event")
    _run("CHECKPOINT")


def chart() -> object:
    """One company's bytes a day, as its request asks: behind the wall, with the age of the figures."""
    until = clock.now().date() + timedelta(days=1)
    with tenancy.scope(_first_company()):
        return queries.by_day("organization", None, until - timedelta(days=DAYS), until)


def chart_pages() -> int:
    """Pages of 8 kB that the chart's statement looks at."""
    until = clock.now().date() + timedelta(days=1)
    with tenancy.scope(_first_company()):
        days = UsageDay.objects.filter(day__gte=until - timedelta(days=DAYS), day__lt=until)
        sums = days.values_list("day").annotate(total=Sum("bytes"), at=Max("last_at"))
        told = json.loads(sums.explain(format="json", analyze=True, buffers=True))
    plan = told[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def overview() -> object:
    """Everything about usage on a company's first page."""
    until = clock.now().date() + timedelta(days=1)
    since = until - timedelta(days=DAYS)
    with tenancy.scope(_first_company()):
        days = queries.by_day("organization", None, since, until)
        return (
            days,
            queries.by_team(since, until, fresh=days.fresh),
            queries.by_country(since, until, fresh=days.fresh),
            queries.by_cost_centre(since, until, fresh=days.fresh),
            queries.month_to_date(fresh=days.fresh),
        )


def _days() -> list[Any]:
    today = clock.now().date()
    return [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]


_known: list[int] = []


def _first_company() -> int:
    if not _known:
        _known.append(Organization.objects.filter(kind="company").order_by("pk").values_list("pk", flat=True)[0])
    return _known[0]


def _run(sql: str, given: Any = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall()) if cursor.description else []
