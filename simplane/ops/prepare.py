"""`simplane prepare`: make an environment usable: tables, setup file, catalogues, a first login. Repeatable."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

import django
from django.core.management import call_command

DEMO_EMAIL = "operator@simplane.example"
DEMO_PASSWORD = "simplane-demo-2026"  # noqa: S105  printed for everybody to use, in a demo only


def main(argv: list[str]) -> int:
    """Prints nothing but problems; `--report FILE` gets what the outside world must be told."""
    parser = argparse.ArgumentParser(prog="simplane prepare", description=__doc__)
    parser.add_argument("--setup", type=Path, required=True)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--reseller", action="store_true", help="a demo reseller and a demo company as well")
    options = parser.parse_args(argv)
    django.setup()
    call_command("migrate", verbosity=0)
    _catalogues_first(options.setup)
    _login()
    keys = _reseller() if options.reseller else {}
    if options.report:
        options.report.write_text(json.dumps({"webhook_tokens": _tokens(), "reseller": keys or _kept(options.report)}))
    return 0


def _catalogues_first(setup: Path) -> None:
    """Matches of the setup file name offers, so suppliers are loaded, their catalogues pulled, then the rest."""
    from simplane.ops import load
    from simplane.suppliers.catalog_sync import sync
    from simplane.suppliers.models import Offer, Supplier

    whole = json.loads(setup.read_text())
    part = {key: value for key, value in whole.items() if key not in ("matches",)}
    load.load(part)
    if not Offer.objects.exists():
        for supplier in Supplier.objects.filter(active=True):
            asyncio.run(sync(supplier.pk))
    load.load(whole)


def _login() -> None:
    from django.conf import settings

    from simplane.organizations.models import User

    if settings.SIMPLANE.production or User.objects.filter(email=DEMO_EMAIL).exists():
        return
    User.objects.create_superuser(DEMO_EMAIL, DEMO_PASSWORD, name="Demo Operator")


def _reseller() -> dict[str, str]:
    from django.conf import settings

    from simplane.ops import demo_company, demo_reseller

    if settings.SIMPLANE.production:
        return {}
    demo_company.make(DEMO_PASSWORD)
    return demo_reseller.make(DEMO_PASSWORD)


def _kept(report: Path) -> dict[str, str]:
    """The demo reseller's keys as they were told when it was made: nobody can read them again."""
    known: dict[str, dict[str, str]] = json.loads(report.read_text()) if report.is_file() else {}
    return known.get("reseller", {})


def _tokens() -> dict[str, str]:
    from simplane.suppliers.models import Supplier

    return dict(Supplier.objects.values_list("code", "webhook_token"))
