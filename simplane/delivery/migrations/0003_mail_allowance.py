import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0002_message_to_prefix"),
        ("organizations", "0003_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailAllowance",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="organizations.organization",
                    ),
                ),
                ("an_hour", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("an_hour__gt", 0)), name="mail_allowance")],
            },
        ),
    ]
