"""Raw records by day and their roll-ups, and the wall before every table of usage."""

from django.db import migrations

from simplane.core.walls import wall

ROLL_UP = """
CREATE TABLE {table} (
  organization_id bigint NOT NULL,
  {at} NOT NULL,
  assignment_id bigint NOT NULL,
  line_id bigint NOT NULL,
  employee_id bigint,
  team_id bigint,
  cost_centre_id bigint,
  bytes bigint NOT NULL,
  records bigint NOT NULL,
  last_at timestamptz NOT NULL,
  country varchar(2) NOT NULL,
  network varchar(40) NOT NULL,
  PRIMARY KEY (organization_id, {key}, assignment_id, country, network)
) WITH (fillfactor = 80);
CREATE INDEX {table}_of_line ON {table} (organization_id, line_id, {key});
"""
EVENT = """
CREATE TABLE usage_event (
  organization_id bigint NOT NULL,
  meter_id bigint NOT NULL,
  started_at timestamptz NOT NULL,
  bytes bigint NOT NULL,
  assignment_id bigint NOT NULL,
  version smallint NOT NULL,
  country varchar(2) NOT NULL,
  network varchar(40) NOT NULL,
  source_id varchar(80) NOT NULL,
  PRIMARY KEY (organization_id, meter_id, started_at, source_id)
) PARTITION BY RANGE (started_at);
CREATE TABLE usage_event_default PARTITION OF usage_event DEFAULT;
"""
READ, WRITE = "SELECT", "SELECT, INSERT, UPDATE"
RIGHTS = {
    "event": READ,
    "day": READ,
    "hour": READ,
    "daytoroll": READ,
    "deletion": READ,
    "meter": WRITE,
    "assignment": WRITE,
    "retention": WRITE,
    "spend": "SELECT, INSERT",
}


class Migration(migrations.Migration):
    dependencies = [("usage", "0001_initial"), ("core", "0005_tenants")]

    operations = [
        migrations.RunSQL(EVENT, "DROP TABLE usage_event"),
        migrations.RunSQL(ROLL_UP.format(table="usage_day", at="day date", key="day"), "DROP TABLE usage_day"),
        migrations.RunSQL(
            ROLL_UP.format(table="usage_hour", at="hour timestamptz", key="hour"), "DROP TABLE usage_hour"
        ),
        *[wall(f"usage_{table}", rights) for table, rights in RIGHTS.items()],
    ]
