"""A hold's key stands in one index: nobody looks for keys by their beginning, and each index costs every order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_adjustments")]
    operations = [
        migrations.AddConstraint("hold", models.UniqueConstraint(fields=["key"], name="hold_once")),
        migrations.AlterField("hold", "key", models.CharField(max_length=120)),
    ]
