from django.db import migrations

from simplane.core.walls import wall

NEVER_DELETED = ("fleetline", "operation", "bulk", "installlink")


class Migration(migrations.Migration):
    dependencies = [("fleet", "0002_initial"), ("core", "0005_tenants")]

    operations = [
        wall("fleet_plan", "SELECT"),
        wall("fleet_planperiod", "SELECT"),
        *(wall(f"fleet_{table}", "SELECT, INSERT, UPDATE") for table in NEVER_DELETED),
    ]
