"""The one executable. Our own commands are modules of `simplane.ops`; every other word is a command of Django."""

from __future__ import annotations

import os
import sys
from importlib import import_module

COMMANDS = {
    "run": ("run", "everything a newcomer needs: database, stand-ins, web, worker, demo data"),
    "worker": ("worker", "take jobs until stopped"),
    "web": ("web", "serve pages and webhooks"),
    "demo-order": ("demo_order", "one order from the shop to a phone, shown as JSON"),
    "chaos": (
        "chaos",
        "many orders under faults and kills: nothing is lost or bought twice; --money: the ledger; --companies: lines",
    ),
    "bench": ("bench", "intake | fulfilment | catalog | orders: figures as ratios to a limit of the same run"),
    "sync-catalog": ("sync_catalog", "pull the suppliers' catalogues and show what changed"),
    "route": ("route", "explain which offer would serve a product, or replay a receipt"),
    "reconcile": ("reconcile", "compare a shop with us and print the proof"),
    "ledger": ("ledger", "verify: is every cent where it was posted; close: close a month"),
    "audit": ("audit", "verify: are the companies' audit logs what was once written"),
    "payments": ("payments", "match: compare Stripe's payouts and balance with our ledger, line by line"),
    "reseller": ("reseller", "create: take a reseller on and print its live and test key"),
    "tenant": ("tenant", "export, import: move a company to a database of its own"),
    "company": ("company", "create: take a company on and say where its pages are"),
    "load": ("load", "load products, prices, shops and suppliers from one file"),
    "retire-stand-ins": ("stand_ins", "put stand-in suppliers and shops out of use, before production"),
    "doctor": ("doctor", "say in plain words what is missing or misconfigured"),
    "prepare": ("prepare", "tables, setup file, catalogues and a login for a new environment"),
    "frontend": ("frontend", "copy the front-end files that npm installed"),
}
NO_DATABASE = {"run", "frontend", "chaos", "bench", "demo-order", "doctor"}
"""Commands that bring their own database or need none."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("help", "--help", "-h"):
        return _help()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simplane.config.settings")
    name, *rest = words
    if name not in NO_DATABASE:
        from simplane.ops.database import ensure_database

        ensure_database()
    if name not in COMMANDS:
        return _django(words)
    module = import_module(f"simplane.ops.{COMMANDS[name][0]}")
    code: int = module.main(rest)
    return code


def _django(words: list[str]) -> int:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["simplane", *words])
    return 0


def _help() -> int:
    print("simplane COMMAND [options]\n")
    for name, (_, text) in COMMANDS.items():
        print(f"  {name:17} {text}")
    print("\nEvery other word is a command of Django: migrate, createsuperuser, shell ...")
    return 0


if __name__ == "__main__":
    sys.exit(main())
