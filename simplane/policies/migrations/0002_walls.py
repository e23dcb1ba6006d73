from django.db import migrations

from simplane.core.walls import wall

CHANGED = (
    "companysettings",
    "policy",
    "budget",
    "budgetperiod",
    "reservation",
    "approval",
    "reached",
    "stop",
    "alert",
    "alertroute",
    "alertsent",
)
WRITTEN_ONCE = ("policyversion", "ruletopup")
REMOVED_TOO = ("approvallink", "slackperson")


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial"), ("core", "0005_tenants")]

    operations = [
        *(wall(f"policies_{table}", "SELECT, INSERT, UPDATE") for table in CHANGED),
        *(wall(f"policies_{table}", "SELECT, INSERT") for table in WRITTEN_ONCE),
        *(wall(f"policies_{table}") for table in REMOVED_TOO),
    ]
