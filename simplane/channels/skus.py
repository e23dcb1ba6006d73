"""What a shop's SKUs and variants mean. Never guessed by title."""

from __future__ import annotations

import time
from dataclasses import dataclass

from simplane.channels.models import ChannelSku

CACHE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Meaning:
    """A product of ours, or (None) something known that is none of ours."""

    product_id: int | None


@dataclass(frozen=True, slots=True)
class Skus:
    """All meanings of one shop."""

    by_sku: dict[str, Meaning]
    by_variant: dict[str, Meaning]

    def meaning(self, sku: str, variant: str) -> Meaning | None:
        """By SKU, else by variant; None: nobody said yet."""
        found = self.by_sku.get(sku) if sku else None
        return found or (self.by_variant.get(variant) if variant else None)


_cache: dict[int, tuple[float, Skus]] = {}


def of_shop(shop_id: int, *, fresh: bool = False) -> Skus:
    """The meanings as this process remembers them for a few seconds; `fresh` reads them now."""
    known = _cache.get(shop_id)
    if known is not None and not fresh and time.monotonic() - known[0] < CACHE_SECONDS:
        return known[1]
    rows = list(ChannelSku.objects.filter(shop_id=shop_id).values_list("sku", "variant", "product_id"))
    found = Skus(
        {sku: Meaning(product) for sku, _, product in rows if sku},
        {variant: Meaning(product) for _, variant, product in rows if variant},
    )
    _cache[shop_id] = (time.monotonic(), found)
    return found


def forget(shop_id: int) -> None:
    """Have the next look read them again (this process; others follow within seconds)."""
    _cache.pop(shop_id, None)
