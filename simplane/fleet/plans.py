"""Plans: products that a company may give out, with its price and what every supplier that may serve them can do.

Acts for us: prices and suppliers are out of a company's reach, so what it may see of them is copied here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simplane.catalog.models import Product
from simplane.catalog.wholesale import effective_price
from simplane.core import audit, clock, tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput
from simplane.core.ids import new_id
from simplane.fleet.models import FleetLine, Plan
from simplane.fleet.states import OVER
from simplane.organizations.models import Organization
from simplane.routing.models import Match
from simplane.suppliers import registry
from simplane.suppliers.models import Supplier
from simplane.suppliers.values import Capabilities


@dataclass(frozen=True, slots=True)
class Able:
    """What can be done with a line on a plan, whoever supplies it: the least of all its suppliers."""

    can_suspend: bool
    can_terminate: bool
    can_top_up: bool
    change: str
    suppliers: tuple[str, ...]
    usage_delay_seconds: int


def offer(organization: Organization, product: Product) -> Plan:
    """Let a company give out a product. Raises BadInput without a price or a supplier for it."""
    wanted = _told(organization, product)
    if wanted is None:
        raise BadInput(
            f"{product.sku} can not be offered", fix="set a price in the company's currency and approve an offer for it"
        )
    with tenancy.everywhere(), transaction():
        plan: Plan
        plan, fresh = Plan.objects.update_or_create(
            organization=organization,
            product=product,
            defaults=wanted,
            create_defaults={**wanted, "public_id": new_id("plan")},
        )
        if fresh:
            audit.note("plan.offered", "plan", plan.public_id, organization_id=organization.pk)
    return plan


def refresh_all() -> int:
    """Bring all plans to today's prices and abilities, and lines to what their suppliers can do.

    A plan that nobody can serve any more is given out no more.
    """
    changed = 0
    with tenancy.everywhere():
        for plan in Plan.objects.select_related("organization", "product").order_by("pk"):
            changed += _refresh(plan)
        changed += _refresh_lines()
    return changed


def _refresh_lines() -> int:
    """Bring lines to what their own suppliers can do now. Returns how many changed."""
    codes = FleetLine.objects.exclude(supplier="").exclude(state__in=OVER).order_by().values_list("supplier", flat=True)
    changed = 0
    for supplier in Supplier.objects.filter(code__in=set(codes.distinct())):
        known = registry.capabilities(supplier)
        able = {"change": known.change_plan, "can_swap": known.swap_profile}
        rows = FleetLine.objects.filter(supplier=supplier.code).exclude(state__in=OVER).exclude(**able)
        changed += rows.update(**able)
    return changed


def _refresh(plan: Plan) -> bool:
    wanted = _told(plan.organization, plan.product) or {"active": False}
    new = {name: value for name, value in wanted.items() if name != "updated_at" and getattr(plan, name) != value}
    if not new:
        return False
    with transaction():
        Plan.objects.filter(pk=plan.pk).update(**new, updated_at=clock.now())
        before = {name: getattr(plan, name) for name in new}
        audit.note(
            "plan.changed", "plan", plan.public_id, before=before, after=new, organization_id=plan.organization_id
        )
    return True


def _told(organization: Organization, product: Product) -> dict[str, Any] | None:
    price = effective_price(organization, product)
    able = abilities(product)
    if price is None or able is None or not product.active:
        return None
    return {
        "name": product.name,
        "price_minor": price.price.minor,
        "currency": price.price.currency,
        "data_bytes": product.data_bytes,
        "days": product.days,
        "countries": list(product.countries),
        "can_suspend": able.can_suspend,
        "can_terminate": able.can_terminate,
        "can_top_up": able.can_top_up and product.top_up,
        "can_replace": True,
        "change": able.change,
        "suppliers": list(able.suppliers),
        "usage_delay_seconds": able.usage_delay_seconds,
        "active": True,
        "updated_at": clock.now(),
    }


def abilities(product: Product) -> Able | None:
    """None when no approved offer serves the product."""
    matches = Match.objects.filter(product=product, state=Match.State.APPROVED, offer__supplier__active=True)
    suppliers = {one.offer.supplier_id: one.offer.supplier for one in matches.select_related("offer__supplier")}
    if not suppliers:
        return None
    known: list[Capabilities] = [registry.capabilities(one) for one in suppliers.values()]
    ways = {one.change_plan for one in known}
    return Able(
        can_suspend=all(one.suspend for one in known),
        can_terminate=all(one.terminate for one in known),
        can_top_up=all(one.top_up for one in known),
        suppliers=tuple(sorted(one.code for one in suppliers.values())),
        change="no" if "no" in ways else "emulated" if "emulated" in ways else "native",
        usage_delay_seconds=max(one.usage_lag_seconds for one in known),
    )
