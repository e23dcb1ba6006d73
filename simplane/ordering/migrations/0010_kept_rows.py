"""An order checked eight foreign keys, of rows that were just read or written, and locked each row it names.

What they name is never removed instead: the database refuses that, and a nightly look (`ordering/loose.py`) finds what
somebody did behind its back. Their columns keep their meaning; docs/adr/0014 has what this is worth.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLES = (
    "organizations_organization",
    "catalog_product",
    "ordering_customer",
    "ordering_order",
    "ordering_orderline",
)
KEPT = """
CREATE FUNCTION ordering_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% % is never removed: orders, lines or units may name it', TG_TABLE_NAME, coalesce(OLD.id::text, '(all)')
    USING ERRCODE = 'restrict_violation';
END $$;
""" + "".join(
    f"CREATE TRIGGER never_removed BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ordering_kept();"
    f"CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ordering_kept();"
    for table in TABLES
)
UNKEPT = "".join(f"DROP TRIGGER never_removed ON {table}; DROP TRIGGER never_truncated ON {table};" for table in TABLES)
UNKEPT += "DROP FUNCTION ordering_kept();"
PATIENCE = "SET LOCAL lock_timeout = '3s'"
"""Every table here is locked whole. Behind a long transaction that would stop all orders: rather fail, and be run again."""


def key(
    model: str, name: str, to: str, on_delete: object = django.db.models.deletion.PROTECT, **given: object
) -> object:
    field = models.ForeignKey(to, on_delete=on_delete, db_index=False, db_constraint=False, **given)  # type: ignore[arg-type,misc,var-annotated]
    return migrations.AlterField(model, name, field)


class Migration(migrations.Migration):
    dependencies = [
        ("ordering", "0009_fewer_indexes"),
        ("catalog", "0004_proposals_by_day"),
        ("organizations", "0006_domains"),
    ]
    operations = [
        migrations.RunSQL(PATIENCE, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, UNKEPT),
        key("order", "organization", "organizations.organization"),
        key("order", "customer", "ordering.customer", related_name="orders"),
        key("orderline", "order", "ordering.order", django.db.models.deletion.CASCADE, related_name="lines"),
        key("orderline", "product", "catalog.product", null=True),
        key("unit", "organization", "organizations.organization"),
        key("unit", "product", "catalog.product"),
        key("unit", "order", "ordering.order", django.db.models.deletion.CASCADE, related_name="units"),
        key("unit", "order_line", "ordering.orderline", django.db.models.deletion.CASCADE, related_name="units"),
        migrations.RunSQL(migrations.RunSQL.noop, PATIENCE),
    ]
