"""A call of a known key that is refused, for its scope, its network or its account, costs the key's rate as every call does."""

from django.db import migrations

from simplane.ordering.migrations._place_many import MANY
from simplane.ordering.migrations._place_one import ONE


class Migration(migrations.Migration):
    dependencies = [("ordering", "0005_units_of_organization")]
    operations = [
        migrations.RunSQL(MANY, migrations.RunSQL.noop),
        migrations.RunSQL(ONE, migrations.RunSQL.noop),
    ]
