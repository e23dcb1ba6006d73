"""The nightly look for rows that name something that is not there.

No foreign key watches these columns of the tables every order writes to: what they name is never removed, the database
refuses it (migrations 0010 of this package, 0005 of the ledger). What somebody did behind its back is found here.
"""

from __future__ import annotations

from django.db import connection

NAMED = (
    ("ordering_order", "organization_id", "organizations_organization", "id"),
    ("ordering_order", "customer_id", "ordering_customer", "id"),
    ("ordering_orderline", "order_id", "ordering_order", "id"),
    ("ordering_orderline", "product_id", "catalog_product", "id"),
    ("ordering_unit", "organization_id", "organizations_organization", "id"),
    ("ordering_unit", "product_id", "catalog_product", "id"),
    ("ordering_unit", "order_id", "ordering_order", "id"),
    ("ordering_unit", "order_line_id", "ordering_orderline", "id"),
    ("ledger_entry", "transaction_id", "ledger_transaction", "id"),
    ("ledger_entry", "account_id", "ledger_account", "id"),
    ("ledger_hold", "wallet_id", "ledger_wallet", "account_id"),
)
"""Table, column, the table it names, that one's key."""
MOST_NAMED = 5
LOOSE = """
SELECT r.id FROM {table} AS r LEFT JOIN {named} AS n ON n.{key} = r.{column}
WHERE r.{column} IS NOT NULL AND n.{key} IS NULL ORDER BY r.id LIMIT %s
"""


class LooseRows(RuntimeError):
    """Rows name what is not there; the text says which. Restore what was removed: never remove the rows that name it."""


def look() -> int:
    """Read all of it; returns how many columns were looked at. Raises LooseRows."""
    found = [text for one in NAMED if (text := _loose(*one))]
    if found:
        raise LooseRows("; ".join(found))
    return len(NAMED)


def _loose(table: str, column: str, named: str, key: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(LOOSE.format(table=table, column=column, named=named, key=key), [MOST_NAMED])
        rows = [str(row[0]) for row in cursor.fetchall()]
    return f"{table} {', '.join(rows)}: no such {column}" if rows else ""
