"""What is sent to the shop under a refund's key."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0001_initial")]
    operations = [migrations.AddField("refund", "request", models.JSONField(null=True))]
