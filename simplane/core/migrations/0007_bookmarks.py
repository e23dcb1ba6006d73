from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0006_history_of_tenants")]

    operations = [
        migrations.CreateModel(
            name="Bookmark",
            fields=[
                ("reader", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("last_event", models.BigIntegerField()),
                ("seen_event", models.BigIntegerField()),
                ("seen_xid", models.BigIntegerField()),
            ],
        ),
    ]
