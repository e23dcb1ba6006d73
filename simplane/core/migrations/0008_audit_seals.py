"""The chain of a company's audit entries (docs/adr/0029): what no code may change, and how a link is made."""

from django.db import migrations, models

from simplane.core.walls import wall

CHAIN = """
CREATE FUNCTION simplane_audit_text(
  number bigint, id bigint, organization bigint, at timestamptz, actor text, action text, entity text, entity_id text,
  before jsonb, after jsonb, reason text, request text
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT string_agg(octet_length(part) || ':' || part || ',', '' ORDER BY place) FROM unnest(ARRAY[
    number::text, id::text, organization::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    actor, action, entity, entity_id, coalesce(before::text, ''), coalesce(after::text, ''), reason, request
  ]) WITH ORDINALITY AS parts (part, place)
$$;
CREATE FUNCTION simplane_link(link bytea, first bytea, content text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT sha256(coalesce(link, first) || convert_to(content, 'UTF8')) $$;
CREATE AGGREGATE simplane_chain(bytea, text) (SFUNC = simplane_link, STYPE = bytea);
"""
UNCHAIN = """
DROP AGGREGATE simplane_chain(bytea, text);
DROP FUNCTION simplane_link;
DROP FUNCTION simplane_audit_text;
"""
TABLES = ("core_auditentry", "core_auditseal")
GUARD = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit: % is append-only; a mistake is put right by a further entry', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_append_only();"
    f"CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();"
    f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER;"
    for table in TABLES
)
UNGUARD = (
    "".join(
        f"DROP TRIGGER append_only ON {table}; DROP TRIGGER never_truncated ON {table};"
        f"GRANT UPDATE, DELETE, TRUNCATE ON {table} TO CURRENT_USER;"
        for table in TABLES
    )
    + "DROP FUNCTION audit_append_only();"
)


class Migration(migrations.Migration):
    dependencies = [("core", "0007_bookmarks")]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="seal",
                        serialize=False,
                        to="core.auditentry",
                    ),
                ),
                ("organization_id", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.UniqueConstraint(fields=("organization_id", "number"), name="audit_seal_number"),
        ),
        wall("core_auditseal", "SELECT"),
        migrations.RunSQL(CHAIN, UNCHAIN),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
