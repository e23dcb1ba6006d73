"""For whom a price is: everybody (the list), a tier, or one customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from simplane.catalog.errors import UnknownScope
from simplane.catalog.models import Price, Tier, WholesalePrice
from simplane.core import clock
from simplane.core.money import Money
from simplane.organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Scope:
    """Neither: the list price."""

    tier: Tier | None = None
    organization: Organization | None = None

    @property
    def key(self) -> str:
        """As `find_scope` reads it: `list`, `tier:Gold`, `customer:acme`."""
        if self.tier is not None:
            return f"tier:{self.tier.name}"
        return f"customer:{self.organization.slug}" if self.organization is not None else "list"

    @property
    def title(self) -> str:
        """For people."""
        if self.tier is not None:
            return f"Tier {self.tier.name}"
        return self.organization.name if self.organization is not None else "List"

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a wholesale price, a proposal or a rule that name it."""
        return {"tier": self.tier, "organization": self.organization}


LIST = Scope()


def find_scope(text: str) -> Scope:
    """The scope that `list`, `tier:NAME` or `customer:SLUG` names. Raises UnknownScope."""
    kind, _, name = text.strip().partition(":")
    name = name.strip()
    if kind == "list" and not name:
        return LIST
    if kind == "tier" and (tier := Tier.objects.filter(name__iexact=name).first()):
        return Scope(tier=tier)
    resellers = Organization.objects.filter(kind=Organization.Kind.RESELLER, is_test=False)
    if kind == "customer" and (found := resellers.filter(slug=name).first()):
        return Scope(organization=found)
    raise UnknownScope(f"{text!r} is neither list, a tier nor a customer", fix="write list, tier:NAME or customer:SLUG")


def agreed_prices(
    scope: Scope, currency: str, product_ids: list[int], *, at: datetime | None = None
) -> dict[int, Price | WholesalePrice]:
    """The rows in force at a moment (now) for exactly this scope, by product."""
    moment = at or clock.now()
    running = Q(valid_until__isnull=True) | Q(valid_until__gt=moment)
    common = {"product_id__in": product_ids, "currency": currency, "valid_from__lte": moment}
    newest = ("product_id", "-valid_from")
    if scope == LIST:
        return {
            one.product_id: one
            for one in Price.objects.filter(running, **common).order_by(*newest).distinct("product_id")
        }
    rows = WholesalePrice.objects.filter(running, **common, **scope.columns, approved_at__isnull=False)
    return {one.product_id: one for one in rows.order_by(*newest).distinct("product_id")}


def money_of(row: Price | WholesalePrice) -> Money:
    """The amount of a price."""
    return Money(row.amount_minor, row.currency)
