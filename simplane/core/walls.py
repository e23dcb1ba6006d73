"""Migration operations that put a table behind the wall between tenants (core/tenancy.py, docs/adr/0022)."""

from __future__ import annotations

from django.db import migrations

TENANT, OURS = "simplane_tenant", "simplane_ours"
"""Roles: what acts for a tenant, and what acts for us and sees all rows. The role that migrates becomes a member of both;
an installation whose processes connect as another role grants that one `simplane_ours` and `simplane_tenant` too."""
WHOSE = "(SELECT simplane_organization())"
ALL = "SELECT, INSERT, UPDATE, DELETE"


def wall(table: str, rights: str = ALL, *, rows: str = f"organization_id = {WHOSE}") -> migrations.RunSQL:
    """Row-level security, forced, on `table`: a tenant has `rights` on the rows for which `rows` is true; we on all."""
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON {table} TO {TENANT} USING ({rows}) WITH CHECK ({rows});
        CREATE POLICY ours ON {table} TO {OURS} USING (true) WITH CHECK (true);
        GRANT {rights} ON {table} TO {TENANT};
        """,
        f"""
        REVOKE ALL ON {table} FROM {TENANT};
        DROP POLICY ours ON {table};
        DROP POLICY tenant ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


def opened(table: str, rights: str) -> migrations.RunSQL:
    """A table of all of us of which a tenant gets only these `rights` (to write news, or to read what everybody may)."""
    return migrations.RunSQL(f"GRANT {rights} ON {table} TO {TENANT}", f"REVOKE {rights} ON {table} FROM {TENANT}")
