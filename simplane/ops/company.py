"""`simplane company create NAME`: take a company on, with an account on credit, and say where its pages are."""

from __future__ import annotations

import argparse
import json

import django


def main(argv: list[str]) -> int:
    """Exit code 0, or 1 with the reason."""
    parser = argparse.ArgumentParser(prog="simplane company", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    create = verbs.add_parser("create", help="an organization, its account, plans and a first owner's login")
    create.add_argument("name")
    create.add_argument("--slug", required=True, help="its address: SLUG.<company domain>")
    create.add_argument("--currency", default="EUR")
    create.add_argument("--credit", default="0", metavar="AMOUNT", help="how far its account may go below zero: 500.00")
    create.add_argument("--country", default="", help="of its seat, two letters")
    create.add_argument(
        "--plan", action="append", default=[], metavar="SKU", help="a product it may give out; repeatable"
    )
    create.add_argument("--reason", default="", help="why the credit is granted")
    create.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args(argv)
    django.setup()
    return _create(options)


def _create(options: argparse.Namespace) -> int:
    from simplane.catalog.models import Product
    from simplane.core import context
    from simplane.core.errors import BadInput, Refusal
    from simplane.core.money import parse
    from simplane.fleet import onboard, plans
    from simplane.organizations.hosts import address_of

    try:
        products = list(Product.objects.filter(sku__in=options.plan, active=True).order_by("sku"))
        missing = sorted(set(options.plan) - {one.sku for one in products})
        if missing:
            raise BadInput(f"unknown SKU {', '.join(missing)}", fix="look at the products in the console")
        with context.acting("command line"):
            agreed = onboard.Agreed(
                name=options.name,
                slug=options.slug,
                currency=options.currency,
                credit_minor=parse(options.credit, options.currency).minor,
                country=options.country,
                reason=options.reason,
            )
            made = onboard.onboard(agreed)
            offered = [plans.offer(made, one).public_id for one in products]
    except Refusal as refusal:
        print(f"company create: {refusal}")
        return 1
    told = {"organization": made.slug, "address": address_of(made.slug), "plans": offered}
    print(json.dumps(told) if options.json else f"{made.name} is at {told['address']}/ with {len(offered)} plans")
    return 0
