"""Saying what a SKU or variant of a shop means. Orders that waited for it go on by themselves."""

from __future__ import annotations

from django.db.models import Q

from simplane.catalog.models import Product
from simplane.channels import skus
from simplane.channels.errors import UnknownShop
from simplane.channels.events import SkuMapped
from simplane.channels.models import ChannelSku, Shop
from simplane.core import audit, events, jobs
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.ordering import actions as ordering
from simplane.ordering.models import OrderLine


def map_sku(shop_id: int, *, sku: str = "", variant: str = "", product_id: int | None, reason: str = "") -> int:
    """A SKU (or, for goods without one, a variant) of a shop is this product, or with None nothing of ours.

    A later word replaces an earlier one; units already owed keep their product. Waiting lines are worked on by a job.
    Raises UnknownShop, NotFound (product), BadInput (neither or both of SKU and variant). Returns the row's id.
    """
    sku, variant = sku.strip(), variant.strip()
    if bool(sku) == bool(variant):
        raise BadInput("name either a SKU or a variant", fix="the SKU where there is one")
    with transaction():
        shop = Shop.objects.filter(pk=shop_id).first()
        if shop is None:
            raise UnknownShop("there is no such shop")
        product = Product.objects.filter(pk=product_id).first() if product_id is not None else None
        if product is None and product_id is not None:
            raise NotFound("there is no such product")
        row = ChannelSku.objects.select_for_update().filter(shop=shop, sku=sku, variant=variant).first()
        before = {"product": row.product_id} if row else None
        row = row or ChannelSku(shop=shop, sku=sku, variant=variant)
        row.product = product
        row.save()
        meant = product.sku if product else ""
        audit.note("sku.mapped", "channel_sku", row.pk, before=before, after={"product": product_id}, reason=reason)
        events.record(SkuMapped(shop=shop.key, sku=sku or variant, product=meant))
        jobs.enqueue("channels.map_waiting_lines", channel_sku_id=row.pk)
    skus.forget(shop_id)
    return row.pk


def map_waiting_lines(channel_sku_id: int) -> int:
    """Let every order line that waited for this SKU or variant go on. Safe to repeat. Returns how many there were."""
    row = ChannelSku.objects.select_related("shop").filter(pk=channel_sku_id).first()
    if row is None:
        return 0
    waiting = OrderLine.objects.filter(state=OrderLine.State.NEEDS_MAPPING, order__account=row.shop.key)
    same = Q(sku=row.sku) if row.sku else Q(variant=row.variant)
    lines = list(waiting.filter(same).values_list("pk", flat=True))
    for line_id in lines:
        ordering.map_line(line_id, row.product_id)
    return len(lines)


def map_known_lines(shop_id: int) -> int:
    """Lines that came in while their SKU was being mapped: the net below `map_waiting_lines`. Returns how many."""
    shop = Shop.objects.only("key").get(pk=shop_id)
    known = skus.of_shop(shop_id, fresh=True)
    waiting = OrderLine.objects.filter(state=OrderLine.State.NEEDS_MAPPING, order__account=shop.key)
    found = 0
    for line_id, sku, variant in waiting.values_list("pk", "sku", "variant"):
        meaning = known.meaning(sku, variant)
        if meaning is not None:
            ordering.map_line(line_id, meaning.product_id)
            found += 1
    return found
