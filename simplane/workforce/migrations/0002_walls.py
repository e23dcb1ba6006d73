from django.db import migrations

from simplane.core.walls import wall

TABLES = ("team", "costcentre", "employee", "group", "groupmember")


class Migration(migrations.Migration):
    dependencies = [("workforce", "0001_initial"), ("core", "0005_tenants")]

    operations = [wall(f"workforce_{table}") for table in TABLES]
