"""The eSIMs of an organization, the newest first, by an index; the one of organizations alone goes, for each costs every order."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("ordering", "0004_cheaper_orders_test_faults"),
        ("organizations", "0003_members"),
    ]
    operations = [
        AddIndexConcurrently(
            model_name="unit",
            index=models.Index(fields=["organization", "-id"], name="unit_of_organization"),
        ),
        migrations.AlterField(
            model_name="unit",
            name="organization",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="organizations.organization"
            ),
        ),
    ]
