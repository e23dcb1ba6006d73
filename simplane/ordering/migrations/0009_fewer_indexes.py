"""Every order writes into every index of its tables, so those that nothing asks go: of products, of customers by organization
alone (the one by organization and address serves that too), and of units by what they do not have yet.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


def key(to: str, **given: object) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(to, on_delete=django.db.models.deletion.PROTECT, db_index=False, **given)  # type: ignore[misc]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("ordering", "0008_wider_batches"),
        ("catalog", "0004_proposals_by_day"),
        ("lines", "0002_confirmation_code"),
        ("organizations", "0006_domains"),
        ("suppliers", "0003_purchase_supplier_price"),
    ]
    operations = [
        AddIndexConcurrently(
            "unit", models.Index(fields=["purchase"], name="unit_of_purchase", condition=Q(purchase__isnull=False))
        ),
        AddIndexConcurrently(
            "unit", models.Index(fields=["line"], name="unit_of_line", condition=Q(line__isnull=False))
        ),
        migrations.AlterField("unit", "purchase", key("suppliers.purchase", null=True, related_name="+")),
        migrations.AlterField("unit", "line", key("lines.line", null=True, related_name="+")),
        migrations.AlterField("unit", "product", key("catalog.product")),
        migrations.AlterField("orderline", "product", key("catalog.product", null=True)),
        migrations.AlterField("customer", "organization", key("organizations.organization")),
    ]
