"""What an organization can buy: active products with the price it pays, priced in the query that lists them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel import Locale
from django.db.models import OuterRef, Q, QuerySet, Subquery

from simplane.catalog.models import Price, Product, Terms, WholesalePrice
from simplane.core import clock
from simplane.core.countries import known
from simplane.core.money import Money

_ALSO = {"usa": "US", "america": "US", "uk": "GB", "england": "GB", "uae": "AE", "turkey": "TR", "korea": "KR"}
"""What people type for a country beside its name in CLDR."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A product and what one unit costs this organization. `source`: customer, tier or list."""

    product: Product
    price: Money
    source: str
    list_minor: int | None
    """The list price in the same currency, if there is one."""


def shelf(terms: Terms, *, at: datetime | None = None) -> QuerySet[Product]:
    """Active products that have a price for the organization these terms belong to. `priced` reads the rows.

    The rule is that of `wholesale.effective_price`; a test compares them.
    """
    moment = at or clock.now()
    valid = Q(valid_until__isnull=True) | Q(valid_until__gt=moment)
    common: dict[str, Any] = {"product": OuterRef("pk"), "currency": terms.currency, "valid_from__lte": moment}
    agreed = WholesalePrice.objects.filter(valid, **common, approved_at__isnull=False)
    listed = Price.objects.filter(valid, **common)
    rows = Product.objects.filter(active=True).annotate(
        own_minor=_latest(agreed.filter(organization_id=terms.organization_id)),
        tier_minor=_latest(agreed.filter(tier_id=terms.tier_id or 0)),
        list_minor=_latest(listed),
    )
    return rows.filter(Q(own_minor__isnull=False) | Q(tier_minor__isnull=False) | Q(list_minor__isnull=False))


def priced(rows: Iterable[Product], currency: str) -> list[Priced]:
    """Rows of `shelf` with their prices."""
    return [_priced(row, currency) for row in rows]


def priced_by_sku(terms: Terms, skus: Iterable[str], *, at: datetime | None = None) -> dict[str, Priced]:
    """Those of these SKUs that can be bought, in one query."""
    found = shelf(terms, at=at).filter(sku__in=list(skus))
    return {one.product.sku: one for one in priced(found, terms.currency)}


def matching(text: str) -> Q:
    """Products by what a person typed: each word is a part of the name or SKU, or a country; or all is one country."""
    words = Q()
    for word in text.split():
        words &= Q(name__icontains=word) | Q(sku__icontains=word) | _in(word)
    return words | _in(text)


def _in(text: str) -> Q:
    codes = countries_named(text)
    return Q(countries__overlap=codes) if codes else Q(pk__in=[])


def countries_named(text: str) -> list[str]:
    """Codes of the countries a text may mean: `es`, `Spain`, `spa`, `united`; none for a single other letter."""
    wanted = _plain(text)
    if len(wanted) == 2 and wanted.upper() in known():
        return [wanted.upper()]
    if wanted in _ALSO:
        return [_ALSO[wanted]]
    if len(wanted) < 3:
        return []
    return sorted(code for name, code in _names() if re.search(rf"\b{re.escape(wanted)}", name))


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[str, str], ...]:
    names = Locale("en").territories
    return tuple((_plain(str(names[code])), code) for code in known() if code in names)


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.strip().lower())
    return "".join(sign for sign in spread if not unicodedata.combining(sign))


def _latest(rows: QuerySet[Any]) -> Subquery:
    return Subquery(rows.order_by("-valid_from").values("amount_minor")[:1])


def _priced(row: Any, currency: str) -> Priced:
    found = (("customer", row.own_minor), ("tier", row.tier_minor), ("list", row.list_minor))
    source, minor = next((source, minor) for source, minor in found if minor is not None)
    return Priced(row, Money(minor, currency), source, row.list_minor)
