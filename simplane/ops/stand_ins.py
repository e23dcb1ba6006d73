"""Stand-ins where none are allowed: web and worker do not start; `simplane retire-stand-ins` puts them out of use.

Asks the database itself and needs no Django, so that a refused start is quick.
"""

from __future__ import annotations

import argparse
import sys
import time

import psycopg
from psycopg import errors

FIND = """
SELECT 'supplier ' || code FROM suppliers_supplier WHERE is_stand_in AND active
UNION ALL SELECT 'shop ' || key FROM channels_shop WHERE is_stand_in AND state <> 'uninstalled'
UNION ALL SELECT 'payments ' || key FROM payments_stripeaccount WHERE is_stand_in AND active ORDER BY 1
"""
FIX = "run `simplane retire-stand-ins`, then load the real accounts with `simplane load`"
RETIRED = "a stand-in, retired"
PAUSE_SECONDS = 2.0


def in_use(database_url: str) -> list[str]:
    """`supplier esimgo`, `shop demo` ...; none while there are no tables. Raises psycopg.OperationalError."""
    with psycopg.connect(database_url, connect_timeout=5) as connection:
        try:
            return [str(row[0]) for row in connection.execute(FIND)]
        except errors.UndefinedTable:
            return []


def refused(who: str, *, wait: bool = False) -> bool:
    """Whether `who` may not start because of stand-ins; then a line on stderr names them and the way out.

    A database that does not answer is waited for when `wait`, else only said to be unasked.
    """
    from simplane.config.env import env

    if env.allow_stand_ins:
        return False
    while True:
        try:
            found = in_use(env.database_url)
        except psycopg.OperationalError:
            print(
                f"{who}: the database does not answer, so it is not known whether stand-ins are in use", file=sys.stderr
            )
            if not wait:
                return False
            time.sleep(PAUSE_SECONDS)
        else:
            break
    if found:
        print(
            f"{who}: stand-ins are in use, which this environment refuses: {', '.join(found)}; {FIX}", file=sys.stderr
        )
    return bool(found)


def main(argv: list[str]) -> int:
    """Deactivate stand-in suppliers and payment services; treat stand-in shops as ones that removed the app. Repeatable."""
    argparse.ArgumentParser(prog="simplane retire-stand-ins", description=main.__doc__).parse_args(argv)
    import django

    django.setup()
    retired = retire()
    print(f"retired: {', '.join(retired)}" if retired else "no stand-in is in use")
    return 0


def retire() -> list[str]:
    """Put them out of use, each with a line in the audit trail; returns which. Orders they served stay as they are."""
    from simplane.channels.models import Shop
    from simplane.core import audit
    from simplane.core.db import transaction
    from simplane.payments.models import StripeAccount
    from simplane.suppliers.models import Supplier

    with transaction():
        # Their keys are not read: they may have been stored under another secret.
        suppliers = list(
            Supplier.objects.select_for_update().filter(is_stand_in=True, active=True).only("code").order_by("code")
        )
        for supplier in suppliers:
            supplier.active = False
            supplier.save(update_fields=["active"])
            audit.note("supplier.retired", "supplier", supplier.code, reason=RETIRED)
        left = Shop.objects.select_for_update().filter(is_stand_in=True).exclude(state=Shop.State.UNINSTALLED)
        shops = list(left.only("key").order_by("key"))
        for shop in shops:
            shop.state, shop.problem, shop.access_token = Shop.State.UNINSTALLED, RETIRED, None
            shop.save(update_fields=["state", "problem", "access_token"])
            audit.note("shop.retired", "shop", shop.key, reason=RETIRED)
        taking = StripeAccount.objects.select_for_update().filter(is_stand_in=True, active=True)
        accounts = list(taking.only("key").order_by("key"))
        for account in accounts:
            account.active = False
            account.save(update_fields=["active"])
            audit.note("stripe_account.retired", "stripe_account", account.key, reason=RETIRED)
    return [
        *(f"supplier {one.code}" for one in suppliers),
        *(f"shop {one.key}" for one in shops),
        *(f"payments {one.key}" for one in accounts),
    ]
