from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("core", "0005_tenants")]

    operations = [
        AddIndexConcurrently(
            "auditentry",
            models.Index(
                fields=["organization_id", "-id"],
                name="audit_of_organization",
                condition=models.Q(organization_id__isnull=False),
            ),
        ),
    ]
