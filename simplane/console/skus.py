"""What the SKUs of shops mean, and the lines that wait until somebody says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from simplane.catalog.models import Product
from simplane.channels import mapping
from simplane.channels.models import ChannelSku, Shop
from simplane.console.shell import page
from simplane.core.errors import NotFound
from simplane.ordering.models import OrderLine
from simplane.ui.outcomes import attempt, back
from simplane.ui.paging import page_of

MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A SKU (or variant) of a shop that nobody explained yet, with the lines that wait for it."""

    shop: Shop | None
    account: str
    sku: str
    variant: str
    title: str
    lines: int
    oldest: datetime


@require_safe
def skus(request: HttpRequest) -> HttpResponse:
    """What waits, then what is known."""
    known = ChannelSku.objects.select_related("shop", "product").defer("shop__credentials", "shop__access_token")
    text = request.GET.get("q", "").strip()
    if text:
        known = known.filter(sku__icontains=text)
    if request.GET.get("shop"):
        known = known.filter(shop__key=request.GET["shop"])
    return page(
        request,
        "skus",
        "skus",
        {
            "page": page_of(known, request.GET),
            "waiting": _waiting(),
            "shops": Shop.objects.order_by("name").values_list("key", "name"),
            "products": Product.objects.filter(active=True).order_by("sku").values_list("sku", "name")[:5000],
        },
    )


def _waiting() -> list[Unmapped]:
    rows = (
        OrderLine.objects.filter(state=OrderLine.State.NEEDS_MAPPING, wanted__gt=0)
        .values("order__account", "sku", "variant")
        .annotate(title=Min("title"), lines=Count("pk"), oldest=Min("order__received_at"))
        .order_by("oldest")[:MOST_WAITING]
    )
    shops = {shop.key: shop for shop in Shop.objects.defer("credentials", "access_token")}
    return [
        Unmapped(
            shops.get(row["order__account"]),
            row["order__account"],
            row["sku"],
            row["variant"],
            row["title"],
            row["lines"],
            row["oldest"],
        )
        for row in rows
    ]


@require_POST
def sku_map(request: HttpRequest) -> HttpResponse:
    """Say what a SKU or variant means; with `not_ours` that it is none of ours."""
    form = request.POST
    attempt(request, "Understood. Orders that waited for it go on.", lambda: _map(form))
    return back(request, reverse("console:skus"))


def _map(form: QueryDict) -> None:
    shop = Shop.objects.only("pk").filter(key=form.get("shop", "")).first()
    if shop is None:
        raise NotFound("there is no such shop", fix="choose one from the list")
    product = None
    if not form.get("not_ours"):
        product = Product.objects.filter(sku=form.get("product", "").strip()).first()
        if product is None:
            raise NotFound(f"there is no product {form.get('product', '')!r}", fix="choose a SKU of ours from the list")
    mapping.map_sku(
        shop.pk,
        sku=form.get("sku", ""),
        variant="" if form.get("sku") else form.get("variant", ""),
        product_id=product.pk if product else None,
    )
