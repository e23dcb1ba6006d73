from django.db import migrations

from simplane.core.walls import wall


class Migration(migrations.Migration):
    dependencies = [("fleet", "0005_later_days_and_plans"), ("core", "0005_tenants")]

    operations = [wall("fleet_peoplerules"), wall("fleet_joinerplan")]
