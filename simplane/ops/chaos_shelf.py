"""What is sold in a chaos run: a few SKUs, so that many purchases of one offer are under way at once at each supplier."""

from __future__ import annotations

import random

from simplane.ops.scratch import Failed

MOST_SKUS = 6


def stock(seed: int) -> list[str]:
    """Choose SKUs that both suppliers can serve and pin every second one to eSIM Go, which knows no keys."""
    from simplane.channels.models import ChannelSku
    from simplane.routing.rules import RuleSpec, add_rule
    from simplane.suppliers.models import Supplier

    chosen = _sold_by_both(seed)
    if not chosen:
        raise Failed("no SKU of the demo shop has approved offers of both suppliers: look at setup/demo.json")
    keyless = Supplier.objects.get(vendor="esimgo")
    for sku in chosen[::2]:
        product = ChannelSku.objects.get(sku=sku).product_id
        add_rule(RuleSpec(kind="pin", reason="chaos", product_id=product, supplier_id=keyless.pk))
    return chosen


def _sold_by_both(seed: int) -> list[str]:
    from django.db.models import Count

    from simplane.channels.models import ChannelSku

    served = ChannelSku.objects.filter(product__matches__state="approved", product__matches__offer__state="active")
    counted = served.exclude(sku="").annotate(suppliers=Count("product__matches__offer__supplier", distinct=True))
    # One SKU a product: a second name of a product would pin it twice.
    by_product = dict(counted.filter(suppliers__gte=2).order_by("-sku").values_list("product_id", "sku"))
    skus = sorted(by_product.values())
    random.Random(seed).shuffle(skus)
    return skus[:MOST_SKUS]
