"""Products: what we promise, what we ask for it, and what that leaves with each offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.catalog import actions, queries
from simplane.catalog.models import Price, Product
from simplane.catalog.prices import NewPrice
from simplane.catalog.scopes import LIST
from simplane.console.product_forms import PriceForm, ProductForm
from simplane.console.shell import page
from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.core.money import Money
from simplane.routing import margins
from simplane.routing.pricing import set_prices
from simplane.ui.outcomes import attempt, refused
from simplane.ui.paging import page_of


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product with its prices in force and what its best offer leaves."""

    product: Product
    prices: list[Money]
    offers: int
    best: margins.Margin | None


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """All products, newest first."""
    found = Product.objects.all()
    text = request.GET.get("q", "").strip()
    if text:
        found = found.filter(Q(sku__icontains=text) | Q(name__icontains=text))
    if request.GET.get("inactive") != "1":
        found = found.filter(active=True)
    shown = page_of(found, request.GET)
    return page(request, "products", "products", {"page": shown, "rows": _rows(shown.rows)})


def _rows(found: list[Product]) -> list[ProductRow]:
    prices = _prices_in_force(found)
    offers = margins.approved_offers(found)
    rates = queries.rates_in_force()
    rows = []
    for product in found:
        asked = prices.get(product.pk, [])
        served = offers.get(product.pk, [])
        best = margins.best(served, asked[0], rates) if asked else None
        rows.append(ProductRow(product, asked, len(served), best))
    return rows


def _prices_in_force(found: list[Product]) -> dict[int, list[Money]]:
    now = clock.now()
    rows = (
        Price.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=now), product__in=found, valid_from__lte=now
        )
        .order_by("product_id", "currency", "-valid_from")
        .distinct("product_id", "currency")
    )
    made: dict[int, list[Money]] = {}
    for row in rows:
        made.setdefault(row.product_id, []).append(Money(row.amount_minor, row.currency))
    return made


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    """One product. With `price` and `currency` in the address it previews the margins at that price."""
    found = get_object_or_404(Product, sku=sku)
    return _product_page(
        request, found, ProductForm.of(found), PriceForm(request.GET if "price" in request.GET else None)
    )


def _product_page(request: HttpRequest, found: Product, form: ProductForm, price_form: PriceForm) -> HttpResponse:
    asked = queries.prices_in_force(found.pk)
    tried = price_form.money() if price_form.is_bound and price_form.is_valid() else None
    compared = tried or (asked[0] if asked else None)
    offers = margins.approved_offers([found]).get(found.pk, [])
    context: dict[str, Any] = {
        "product": found,
        "form": form,
        "price_form": price_form,
        "tried": tried,
        "compared": compared,
        "prices": asked,
        "history": found.prices.order_by("-valid_from", "-pk")[:50],
        "margins": margins.of(offers, compared, queries.rates_in_force()) if compared else [],
        "offers": len(offers),
    }
    return page(request, "product", "products", context)


@require_http_methods(["GET", "POST"])
def product_new(request: HttpRequest) -> HttpResponse:
    """Promise something new."""
    form = ProductForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_product(form.spec())
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("console:product", made.sku)
    return page(request, "product_new", "products", {"form": form}, status=422 if form.errors else 200)


@require_POST
def product_edit(request: HttpRequest, sku: str) -> HttpResponse:
    """Change a promise."""
    found = get_object_or_404(Product, sku=sku)
    form = ProductForm(request.POST, sku=sku)
    if not form.is_valid():
        return _product_page(request, found, form, PriceForm())
    reason = form.cleaned_data["reason"]
    attempt(request, "The product is changed.", lambda: actions.change_product(form.spec(), reason=reason))
    return redirect("console:product", sku)


@require_POST
def product_price(request: HttpRequest, sku: str) -> HttpResponse:
    """Ask another price from now on."""
    found = get_object_or_404(Product, sku=sku)
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _product_page(request, found, ProductForm.of(found), form)
    new = NewPrice(product=found, scope=LIST, price=form.money(), reason=form.cleaned_data["reason"])
    try:
        outcome = set_prices([new])
    except Refusal as refusal:
        refused(request, refusal)
    else:
        messages.success(request, f"{new.price.shown()}: {outcome}.")
    return redirect("console:product", sku)
