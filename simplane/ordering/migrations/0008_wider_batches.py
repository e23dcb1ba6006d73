"""Placing many orders costs less an order the more there are: what belongs to an order is gathered once, not for each of them."""

from django.db import migrations

from simplane.ordering.migrations._place_many import MANY


class Migration(migrations.Migration):
    dependencies = [("ordering", "0007_top_ups")]
    operations = [migrations.RunSQL(MANY, migrations.RunSQL.noop)]
