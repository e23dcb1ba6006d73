"""The roles behind which tenants' requests act, and what of core's tables those may touch (docs/adr/0022)."""

from django.db import migrations, models

from simplane.core.walls import OURS, TENANT, opened, wall

ROLES = "".join(
    f"""
DO $$ BEGIN
  -- Roles belong to the whole server: another database of it, or a migration beside this one, may have made them.
  CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'this role may not create roles: have an administrator run CREATE ROLE {role} NOLOGIN; GRANT {role} TO %', current_user;
END $$;
DO $$ BEGIN
  GRANT {role} TO CURRENT_USER;
EXCEPTION WHEN SQLSTATE 'XX000' THEN NULL; -- granted at this very moment by a migration beside this one
WHEN insufficient_privilege THEN
  IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
    RAISE EXCEPTION 'have an administrator run GRANT {role} TO %', current_user;
  END IF;
END $$;
"""
    for role in (TENANT, OURS)
)
SCOPE = f"""
CREATE FUNCTION simplane_organization() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT NULLIF(current_setting('app.organization', true), '')::bigint $$;
GRANT USAGE ON SCHEMA public TO {TENANT};
GRANT USAGE ON SEQUENCE procrastinate_jobs_id_seq, procrastinate_events_id_seq TO {TENANT};
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0004_cache"), ("procrastinate", "0041_post_retry_failed_job")]

    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        migrations.RunSQL(SCOPE, "DROP FUNCTION simplane_organization()"),
        migrations.AddField("auditentry", "organization_id", models.BigIntegerField(null=True)),
        wall("core_auditentry", "SELECT, INSERT"),
        opened("core_event", "INSERT"),
        opened("procrastinate_jobs", "INSERT, SELECT (queueing_lock, status)"),
        opened("procrastinate_events", "INSERT"),
    ]
