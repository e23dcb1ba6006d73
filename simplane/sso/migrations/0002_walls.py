"""Single sign-on behind the wall between tenants (docs/adr/0022)."""

from django.db import migrations

from simplane.core.walls import wall

TABLES = ("connection", "identity", "breakglass", "seenassertion")


class Migration(migrations.Migration):
    dependencies = [("sso", "0001_initial"), ("core", "0005_tenants")]

    operations = [wall(f"sso_{table}") for table in TABLES]
