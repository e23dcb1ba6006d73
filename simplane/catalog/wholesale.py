"""What a reseller pays: its own price, else its tier's, else the list price. Quotes promise one for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from simplane.catalog.errors import NoPrice
from simplane.catalog.models import Price, Product, Quote, Terms, WholesalePrice
from simplane.core import clock
from simplane.core.errors import BadInput, NotFound
from simplane.core.ids import new_id
from simplane.core.money import Money
from simplane.organizations.models import Organization

QUOTE_SECONDS = 15 * 60
MOST_QUOTED = 1_000


@dataclass(frozen=True, slots=True)
class PriceDecision:
    """A price and where it comes from: customer, tier or list."""

    price: Money
    source: str
    row_id: int


def terms_of(organization: Organization) -> Terms | None:
    """The terms that hold for an organization: a test twin uses those of its live side."""
    owner = organization.twin_of_id or organization.pk
    return Terms.objects.filter(organization_id=owner).first()


def effective_price(
    organization: Organization, product: Product, *, at: datetime | None = None, terms: Terms | None = None
) -> PriceDecision | None:
    """The price of one unit now (or `at`); None when nobody set one in the organization's currency.

    The same rule stands in SQL in `ordering/migrations/0002`; a property test compares them.
    """
    terms = terms or terms_of(organization)
    if terms is None:
        return None
    moment = at or clock.now()
    valid = Q(valid_until__isnull=True) | Q(valid_until__gt=moment)
    owner = organization.twin_of_id or organization.pk
    common = {"product": product, "currency": terms.currency, "valid_from__lte": moment}
    approved = WholesalePrice.objects.filter(valid, **common, approved_at__isnull=False).order_by("-valid_from")
    found: WholesalePrice | Price | None = approved.filter(organization_id=owner).first()
    source = "customer"
    if found is None and terms.tier_id is not None:
        found, source = approved.filter(tier_id=terms.tier_id).first(), "tier"
    if found is None:
        found, source = Price.objects.filter(valid, **common).order_by("-valid_from").first(), "list"
    if found is None:
        return None
    return PriceDecision(Money(found.amount_minor, terms.currency), source, found.pk)


def make_quote(organization: Organization, sku: str, quantity: int, *, seconds: int = QUOTE_SECONDS) -> Quote:
    """Promise today's price for a quantity of a SKU. Raises NotFound, NoPrice, BadInput."""
    if not 1 <= quantity <= MOST_QUOTED:
        raise BadInput(f"quantity {quantity} can not be quoted", fix=f"ask for 1 to {MOST_QUOTED}")
    product = Product.objects.filter(sku=sku, active=True).first()
    if product is None:
        raise NotFound(f"there is no product {sku}")
    decided = effective_price(organization, product)
    if decided is None:
        raise NoPrice(f"{sku} has no price in your currency")
    now = clock.now()
    return Quote.objects.create(
        public_id=new_id("quo"),
        organization=organization,
        product=product,
        quantity=quantity,
        currency=decided.price.currency,
        amount_minor=decided.price.minor,
        created_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
