"""`simplane bench catalog`: the database part of a catalogue sync, first and unchanged second time, beside plain COPY.

Reading a supplier over HTTP takes longer than all this; it is left out. Everything happens in a scratch database, made
for the run and dropped after it. Rounds alternate, so that a busy machine slows all three alike.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import django

from simplane.ops.database import ensure_database

if TYPE_CHECKING:
    from simplane.suppliers.catalog_sync import Spool
    from simplane.suppliers.models import Supplier
    from simplane.suppliers.values import CatalogOffer

COUNTRIES = ("ES", "FR", "DE", "IT", "PT", "GB", "US", "JP", "TH", "TR", "GR", "CH", "AT", "NL", "SE", "NO", "PL", "CZ")
PLAIN = "CREATE UNLOGGED TABLE plain (LIKE incoming)"


def main(argv: list[str]) -> int:
    """Print the figures; exit code 1 when the second sync was not found unchanged."""
    parser = argparse.ArgumentParser(prog="simplane bench catalog", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    ensure_database()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplane.config.settings")
    django.setup()
    with scratch_database():
        figures = measure(options.rows, options.rounds)
    print(json.dumps(figures) if options.json else _told(figures))
    return 0 if figures["ok"] else 1


@contextmanager
def scratch_database() -> Iterator[None]:
    """This process' default connection leads to a new, migrated database, dropped afterwards."""
    from django.db import connection

    usual = str(connection.settings_dict["NAME"])
    connection.settings_dict["TEST"]["NAME"] = f"simplane_bench_catalog_{os.getpid()}"
    # The tests' server has a database with tables to copy; any other gets them by migrations.
    connection.settings_dict["TEST"]["TEMPLATE"] = os.environ.get("SIMPLANE_TEST_TEMPLATE", "template0")
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        # The thread that wakes workers keeps a connection of its own.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.creation.destroy_test_db(usual, verbosity=0)


def measure(rows: int, rounds: int) -> dict[str, float]:
    """Rows per second of COPY, first and second sync: the median round; ratios are medians of each round's own."""
    from simplane.suppliers import catalog_sync

    supplier = _supplier()
    copies, firsts, seconds = [], [], []
    with catalog_sync.spooled() as spool:
        encoding = _timed(lambda: spool.add([_offer(number) for number in range(rows)]))
        for _ in range(rounds):
            _empty()
            copies.append(_timed(lambda: _plain_copy(spool)))
            firsts.append(_timed(lambda: _sync(supplier, spool)))
            seconds.append(_timed(lambda: _sync(supplier, spool)))
        unchanged = _last_unchanged()
        size = spool.file.seek(0, os.SEEK_END)
    return {
        "rows": rows,
        "bytes": size,
        "rounds": rounds,
        "encode_seconds": round(encoding, 3),
        "copy_rows_per_second": round(rows / statistics.median(copies)),
        "first_seconds": round(statistics.median(firsts), 3),
        "first_rows_per_second": round(rows / statistics.median(firsts)),
        "first_ratio": round(statistics.median(c / f for c, f in zip(copies, firsts, strict=True)), 3),
        "second_seconds": round(statistics.median(seconds), 3),
        "second_rows_per_second": round(rows / statistics.median(seconds)),
        "second_ratio": round(statistics.median(c / s for c, s in zip(copies, seconds, strict=True)), 3),
        "second_unchanged": unchanged,
        "pid": os.getpid(),
        "ok": unchanged == rows,
    }


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _supplier() -> Supplier:
    from simplane.suppliers.models import Supplier

    return Supplier.objects.create(
        code="bench",
        vendor="esimgo",
        name="Bench",
        base_url="http://127.0.0.1:9",
        upstream_group="bench",
    )


def _offer(number: int) -> CatalogOffer:
    """One of a catalogue's rows: one to eighteen countries with three networks each, a raw row of about 1 kB."""
    from simplane.core.money import Money
    from simplane.suppliers.values import CatalogOffer

    countries = COUNTRIES[: 1 + number % len(COUNTRIES)] if number % 10 == 0 else (COUNTRIES[number % len(COUNTRIES)],)
    networks = [
        {"country": country, "operator": f"{country} {name}", "technology": "5G"}
        for country in countries
        for name in ("Mobile", "Telecom", "Cellular")
    ]
    code, price = f"bench_{number:06d}", 100 + number % 4000
    raw = {
        "name": code,
        "description": "eSIM, 5GB, 30 Days, somewhere nice, V2" * 8,
        "networks": networks,
        "price": price,
    }
    return CatalogOffer(
        code=code,
        name=f"Bench offer {number}",
        countries=countries,
        data_bytes=(1 + number % 50) * 1_000_000_000,
        daily=False,
        days=1 + number % 30,
        clock_start="first_use",
        top_up=True,
        hotspot=None,
        voice_minutes=0,
        sms_count=0,
        networks=tuple(networks),
        unused_days=180,
        cost=Money(price, "USD"),
        supplier_price=f"{price / 100:.2f}",
        raw=raw,
    )


def _empty() -> None:
    from django.db import connection

    from simplane.suppliers import catalog_sql

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE suppliers_offer, suppliers_catalogrun, suppliers_quarantinedoffer CASCADE")
        cursor.execute("DROP TABLE IF EXISTS plain")
        cursor.execute(catalog_sql.INCOMING)
        cursor.execute(PLAIN)
        cursor.execute("DROP TABLE incoming")
        cursor.execute("CHECKPOINT")


def _plain_copy(spool: Spool) -> None:
    from django.db import connection

    from simplane.suppliers import catalog_sync

    with connection.cursor() as cursor:
        catalog_sync.copy(cursor, spool, "COPY plain FROM STDIN")


def _sync(supplier: Supplier, spool: Spool) -> None:
    from simplane.core import clock
    from simplane.suppliers import catalog_sync
    from simplane.suppliers.models import CatalogRun

    run = CatalogRun.objects.create(supplier=supplier, started_at=clock.now())
    catalog_sync.apply(supplier, run, spool)


def _last_unchanged() -> int:
    from simplane.suppliers.models import CatalogRun

    return int(CatalogRun.objects.latest("pk").counts.get("unchanged", 0))


def _told(figures: dict[str, float]) -> str:
    return (
        f"{figures['rows']} offers, {figures['bytes'] / 1e6:.0f} MB, median of {figures['rounds']} rounds\n"
        f"  plain COPY   {figures['copy_rows_per_second']:>9,.0f} rows/s\n"
        f"  first sync   {figures['first_rows_per_second']:>9,.0f} rows/s  ({figures['first_seconds']} s)\n"
        f"  second sync  {figures['second_rows_per_second']:>9,.0f} rows/s  ({figures['second_seconds']} s, unchanged)"
    )
