"""What one organization pays for each product, and what changed since: whole pages in one query each.

The price is that of `wholesale.effective_price`, as a part of the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from simplane.catalog.models import Price, Product, Terms, WholesalePrice
from simplane.core import clock
from simplane.organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Changed:
    """A product whose content or price, for one organization, changed last at a moment."""

    product_id: int
    at: datetime


def with_prices(
    organization: Organization, terms: Terms, *, at: datetime, orderable: bool = False
) -> QuerySet[Product]:
    """Products with `price_minor` (None: no price), in the currency of the terms, and its `price_source`.

    `orderable`: only those that can be ordered now.
    """
    valid = Q(valid_until__isnull=True) | Q(valid_until__gt=at)
    common = {"product": OuterRef("pk"), "currency": terms.currency, "valid_from__lte": at}
    agreed = WholesalePrice.objects.filter(valid, **common, approved_at__isnull=False).order_by("-valid_from")
    listed = Price.objects.filter(valid, **common).order_by("-valid_from")
    owner = organization.twin_of_id or organization.pk
    rows = Product.objects.annotate(
        own_minor=Subquery(agreed.filter(organization_id=owner).values("amount_minor")[:1]),
        tier_minor=Subquery(agreed.filter(tier_id=terms.tier_id or 0).values("amount_minor")[:1]),
        list_minor=Subquery(listed.values("amount_minor")[:1]),
    )
    priced = rows.annotate(
        price_minor=Coalesce("own_minor", "tier_minor", "list_minor"),
        price_source=Case(
            When(own_minor__isnull=False, then=Value("customer")),
            When(tier_minor__isnull=False, then=Value("tier")),
            default=Value("list"),
        ),
    )
    return priced.filter(active=True, price_minor__isnull=False) if orderable else priced


def changed(
    organization: Organization, terms: Terms, *, after: tuple[datetime, int], until: datetime, most: int
) -> Sequence[Changed]:
    """Products that changed after (moment, product id) and not after `until`, the first change first, each once.

    A price changes when it begins, ends or is approved; a product, or a price dated back, when somebody wrote it; and
    every product when the organization moves to another tier. `until` is not after `settled`.
    """
    moment, product_id = after
    terms_owner = organization.twin_of or organization
    values: dict[str, datetime | int | str | None] = {
        "since": moment,
        "until": until,
        "product": product_id,
        "most": most,
        "currency": terms.currency,
        "owner": terms_owner.pk,
        "slug": terms_owner.slug,
        "tier": terms.tier_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, values)
        return [Changed(*row) for row in cursor.fetchall()]


def settled(margin: timedelta) -> datetime:
    """Until when all that was written can be read: what is under way is younger, by `margin` for work before it began.

    A transaction counts from its beginning once it has written something, if its database user is ours.
    """
    with connection.cursor() as cursor:
        cursor.execute(UNDER_WAY)
        (oldest,) = cursor.fetchone() or (None,)
    age = max(timedelta(0), clock.real_time_of(clock.now()) - oldest) if oldest else timedelta(0)
    return clock.now() - margin - age


UNDER_WAY = """
SELECT min(xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
_PRICES = """
SELECT p.product_id, t.at FROM {table} AS p CROSS JOIN LATERAL (VALUES {moments}) AS t (at)
WHERE p.currency = %(currency)s AND t.at >= %(since)s AND t.at <= %(until)s {more}
"""
CHANGED = f"""
SELECT found.product_id, max(found.at) AS at FROM (
  {_PRICES.format(table="catalog_price", moments="(p.valid_from), (p.valid_until)", more="")}
  UNION ALL
  {
    _PRICES.format(
        table="catalog_wholesaleprice",
        moments="(p.valid_from), (p.valid_until), (p.approved_at)",
        more="AND p.approved_at IS NOT NULL AND (p.organization_id = %(owner)s OR p.tier_id = %(tier)s)",
    )
}
  UNION ALL
  SELECT p.id, a.at FROM core_auditentry AS a JOIN catalog_product AS p
    ON a.entity = 'product' AND p.sku = a.entity_id OR a.entity = 'price' AND a.entity_id IN (p.sku, p.sku || ' list')
  WHERE a.at >= %(since)s AND a.at <= %(until)s AND a.entity IN ('product', 'price')
  UNION ALL
  SELECT p.id, a.at FROM core_auditentry AS a CROSS JOIN catalog_product AS p
  WHERE a.entity = 'organization' AND a.entity_id = %(slug)s AND a.at >= %(since)s AND a.at <= %(until)s
    AND a.action IN ('terms.changed', 'terms.tier_by_volume') AND a.before -> 'tier' IS DISTINCT FROM a.after -> 'tier'
  UNION ALL
  SELECT p.id, p.created_at FROM catalog_product AS p WHERE p.created_at >= %(since)s AND p.created_at <= %(until)s
) AS found (product_id, at)
GROUP BY found.product_id HAVING (max(found.at), found.product_id) > (%(since)s, %(product)s)
ORDER BY max(found.at), found.product_id LIMIT %(most)s
"""  # noqa: S608  our own text
