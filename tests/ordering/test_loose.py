"""What orders name stays, and what was removed behind the database's back is found."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from simplane.ordering import loose
from simplane.ordering.models import Unit
from simplane.ordering.placing import LineWanted, place_one
from tests.ordering.wholesale import reseller, sold

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_noon")]
KEPT = ("organizations_organization", "catalog_product", "ordering_customer", "ordering_order", "ordering_orderline")


def test_what_an_order_names_is_never_removed_and_missed_when_it_was(database: Any) -> None:
    sold("EU-5", 4_50)
    assert place_one(database, reseller(20_00).order(LineWanted("EU-5", 2))).code == "created"

    for table in KEPT:
        with pytest.raises(IntegrityError, match=f"{table} .* is never removed"), transaction.atomic():
            _remove(table)
        with pytest.raises(IntegrityError, match=f"{table} .* is never removed"), transaction.atomic():
            _remove(table, "TRUNCATE {} CASCADE")
    with pytest.raises(IntegrityError, match="a wallet is never removed"), transaction.atomic():
        _remove("ledger_wallet", "TRUNCATE {}, ledger_adjustment")
    assert loose.look() == 11

    first, second = Unit.objects.order_by("pk").values_list("pk", flat=True)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in (*KEPT, "ledger_account", "ledger_transaction", "ledger_wallet"):
            _remove(table)
    with pytest.raises(loose.LooseRows) as found:
        loose.look()

    told = str(found.value).split("; ")
    assert told[:1] == [f"ordering_unit {first}, {second}: no such organization_id"]
    assert [one.split(" ")[0] for one in told] == ["ordering_unit"] * 4 + ["ledger_entry"] * 2 + ["ledger_hold"]


@pytest.mark.parametrize(("app", "name"), [("ordering", "0010_kept_rows"), ("ledger", "0005_checked_by_statement")])
def test_a_migration_that_locks_what_orders_write_does_not_hold_them_up_behind_a_long_transaction(
    app: str, name: str
) -> None:
    steps: Any = import_module(f"simplane.{app}.migrations.{name}").Migration.operations
    for run in (steps[0].database_forwards, steps[-1].database_backwards):
        with connection.schema_editor(atomic=True) as editor, connection.cursor() as cursor:
            run(app, editor, None, None)
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("3s",)


def _remove(table: str, verb: str = "DELETE FROM {}") -> None:
    with connection.cursor() as cursor:
        cursor.execute(verb.format(table))
