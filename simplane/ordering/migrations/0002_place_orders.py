"""Placing wholesale orders in one round trip: `simplane_place_order` for one, `simplane_place_orders` for many.

Both hold everything that must be true together: the key, its networks and its rate, idempotency, prices, the policy hook,
the wallet (prepaid and credit), order, lines, units, hold, ledger, audit, news and job. `tests/ordering/place_reference.py` is the
readable reference of the same rules; a property test compares the three on random orders. docs/adr/0014 says why.
"""

from django.db import migrations

from simplane.ordering.migrations._place_many import MANY
from simplane.ordering.migrations._place_one import ONE
from simplane.ordering.migrations._place_parts import CALLS, POLICY


class Migration(migrations.Migration):
    dependencies = [
        ("ordering", "0001_initial"),
        ("core", "0003_stored_answers"),
        ("organizations", "0002_api_keys"),
        ("catalog", "0002_wholesale"),
        ("ledger", "0002_rules"),
    ]
    operations = [
        migrations.RunSQL(POLICY, "DROP FUNCTION ordering_policy;"),
        migrations.RunSQL(CALLS, "DROP FUNCTION simplane_take_calls;"),
        migrations.RunSQL(MANY, "DROP FUNCTION simplane_place_orders;"),
        migrations.RunSQL(ONE, "DROP FUNCTION simplane_place_order;"),
    ]
