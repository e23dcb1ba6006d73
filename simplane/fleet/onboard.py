"""Taking a company on: the organization, its terms, and an account with us on credit, settled by invoice."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import IntegrityError

from simplane.catalog.models import Terms, Tier
from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput, Refusal
from simplane.core.money import precision
from simplane.ledger.actions import open_wallet, set_credit_limit
from simplane.organizations.models import Organization

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?")
RESERVED = frozenset({"www", "api", "mail", "admin", "console", "hub", "app", "static", "status", "docs", "new"})


class CompanyExists(Refusal):
    """There is an organization at this address."""

    code = "company_exists"
    status = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What was agreed. `credit_minor`: how far its account may go below zero until invoices are paid."""

    name: str
    slug: str
    currency: str
    credit_minor: int
    country: str = ""
    vat_id: str = ""
    contact_email: str = ""
    tier: Tier | None = None
    reason: str = ""


def onboard(agreed: Agreed) -> Organization:
    """Take a company on; its pages are at its address at once. Raises BadInput, BadMoney, CompanyExists."""
    if not SLUG.fullmatch(agreed.slug) or agreed.slug in RESERVED:
        raise BadInput(f"{agreed.slug!r} can be no address", fix="use 1 to 42 small letters, digits and hyphens")
    if not agreed.name.strip() or len(agreed.name) > 120:
        raise BadInput("a company needs a name of 120 characters at most")
    precision(agreed.currency)
    taken = CompanyExists(f"there is an organization {agreed.slug}", fix="choose another address")
    try:
        with transaction():
            if Organization.objects.filter(slug=agreed.slug).exists():
                raise taken
            made = Organization.objects.create(
                kind=Organization.Kind.COMPANY,
                name=agreed.name.strip(),
                slug=agreed.slug,
                created_at=clock.now(),
                country=agreed.country,
                vat_id=agreed.vat_id,
                contact_email=agreed.contact_email.lower(),
            )
            Terms.objects.create(
                organization=made, currency=agreed.currency, tier=agreed.tier, tier_pinned=agreed.tier is not None
            )
            set_credit_limit(open_wallet(made, agreed.currency), agreed.credit_minor, reason=agreed.reason)
            audit.note("company.onboarded", "organization", made.slug, reason=agreed.reason, organization_id=made.pk)
            return made
    except IntegrityError:
        if Organization.objects.filter(slug=agreed.slug).exists():
            raise taken from None
        raise
