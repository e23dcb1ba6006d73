"""Prices: the list, a tier's, a customer's, beside cost and margin; one price with its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from simplane.catalog import queries
from simplane.catalog.models import MarkupRule, Price, PriceProposal, Product, Tier, WholesalePrice
from simplane.catalog.prices import end_price, markup_of, set_markup
from simplane.catalog.scopes import LIST, Scope, agreed_prices, find_scope, money_of
from simplane.catalog.wholesale import terms_of
from simplane.console.price_forms import MarkupForm, PriceForm
from simplane.console.shell import page
from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.core.money import Money, precision
from simplane.routing import margins
from simplane.routing.pricing import set_prices
from simplane.ui.outcomes import attempt, back, given, refused
from simplane.ui.paging import page_of

USUAL_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A product at the price that holds for a scope, and where that price comes from."""

    product: Product
    price: Money | None
    source: str
    row: Price | WholesalePrice | None
    """The scope's own row, when it has one."""
    listed: Money | None
    cost: Money | None
    left: Money | None
    percent: int | None

    @property
    def thin(self) -> bool:
        """Whether it leaves less than the least margin."""
        return self.left is not None and self.left.minor < self.product.min_margin_minor


@require_safe
def prices(request: HttpRequest) -> HttpResponse:
    """What one scope pays, product by product."""
    try:
        scope, currency = chosen(request)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("console:prices")
    shown = page_of(_found(request), request.GET, by="sku", ascending=True)
    waiting = PriceProposal.objects.filter(state=PriceProposal.State.WAITING)
    rule = _rule(scope, currency)
    context: dict[str, Any] = {
        "scope": scope,
        "currency": currency,
        "tiers": Tier.objects.order_by("min_monthly_units"),
        "page": shown,
        "rows": rows_of(shown.rows, scope, currency),
        "waiting": waiting.count(),
        "rule": rule,
        "rule_words": markup_of(rule) if rule else "",
        "rule_form": MarkupForm(initial={"currency": currency}),
    }
    return page(request, "prices", "prices", context)


@require_safe
def price(request: HttpRequest, sku: str) -> HttpResponse:
    """One product's price for a scope: set another, see all that were."""
    found = get_object_or_404(Product, sku=sku)
    try:
        scope, currency = chosen(request)
    except Refusal as refusal:
        refused(request, refusal)
        return redirect("console:prices")
    context: dict[str, Any] = {
        "product": found,
        "scope": scope,
        "currency": currency,
        "now": rows_of([found], scope, currency)[0],
        "now_at": clock.now(),
        "form": PriceForm(initial={"currency": currency}),
        "listed": found.prices.filter(currency=currency).order_by("-valid_from")[:50],
        "agreed": found.wholesale_prices.filter(currency=currency)
        .select_related("tier", "organization")
        .order_by("-valid_from")[:100],
        "proposals": found.price_proposals.filter(currency=currency)
        .select_related("tier", "organization")
        .order_by("-pk")[:50],
    }
    return page(request, "price", "prices", context)


@require_POST
def price_set(request: HttpRequest) -> HttpResponse:
    """Set one price; below the least margin it waits for a colleague."""
    form, sku, key = PriceForm(request.POST), request.POST.get("sku", "").strip(), request.POST.get("for", "")
    try:
        product, scope = queries.product(sku), find_scope(key)
        outcome = set_prices([form.wanted(product, scope)])
    except Refusal as refusal:
        refused(request, refusal)
    else:
        messages.success(request, f"{sku}: {outcome}.")
    known = Product.objects.filter(sku=sku).exists()
    return back(request, address(sku, key) if known else reverse("console:prices"))


@require_POST
def price_end(request: HttpRequest, pk: int) -> HttpResponse:
    """A tier's or customer's price ends now."""
    found = get_object_or_404(WholesalePrice.objects.select_related("product", "tier", "organization"), pk=pk)
    reason = request.POST.get("reason", "").strip()
    attempt(request, "This price has ended.", lambda: end_price(pk, reason=given(reason)))
    return back(request, address(found.product.sku, Scope(found.tier, found.organization).key))


@require_POST
def rule_set(request: HttpRequest) -> HttpResponse:
    """Another rule makes the proposed prices of a tier or customer."""
    form, key = MarkupForm(request.POST), request.POST.get("for", "")
    attempt(
        request,
        "This rule holds from now on. Prices change when you apply it.",
        lambda: set_markup(find_scope(key), form.rule(), reason=form.cleaned_data["reason"]),
    )
    query = urlencode({"for": key, "currency": request.POST.get("currency", "")})
    return redirect(f"{reverse('console:prices')}?{query}")


def address(sku: str, scope_key: str) -> str:
    """The page of one price."""
    return f"{reverse('console:price', args=[sku])}?{urlencode({'for': scope_key})}"


def chosen(request: HttpRequest) -> tuple[Scope, str]:
    """Scope and currency of the address. Raises UnknownScope, BadMoney."""
    scope = find_scope(request.GET.get("for", "") or "list")
    currency = request.GET.get("currency", "").strip().upper()
    if not currency and scope.organization is not None:
        terms = terms_of(scope.organization)
        currency = terms.currency if terms else ""
    precision(currency or USUAL_CURRENCY)
    return scope, currency or USUAL_CURRENCY


def rows_of(products: list[Product], scope: Scope, currency: str) -> list[PriceRow]:
    """What a scope pays for each product, in a fixed number of queries."""
    keys = [one.pk for one in products]
    listed, own = agreed_prices(LIST, currency, keys), agreed_prices(scope, currency, keys)
    tier: dict[int, Price | WholesalePrice] = {}
    terms = terms_of(scope.organization) if scope.organization is not None else None
    if terms is not None and terms.tier is not None:
        tier = agreed_prices(Scope(tier=terms.tier), currency, keys)
    offers, rates = margins.approved_offers(products), queries.rates_in_force()
    made = []
    for one in products:
        sources = ((scope.key.partition(":")[0], own), ("tier", tier), ("list", listed))
        source, row = next(((name, rows[one.pk]) for name, rows in sources if one.pk in rows), ("", None))
        asked = money_of(row) if row else Money(0, currency)
        best = margins.best(offers.get(one.pk, []), asked, rates)
        left = best.left if best else None
        made.append(
            PriceRow(
                product=one,
                price=asked if row else None,
                source=source,
                row=own.get(one.pk),
                listed=money_of(listed[one.pk]) if one.pk in listed else None,
                cost=asked - left if left else None,
                left=left if row else None,
                percent=margins.percent(left, asked) if row and left else None,
            )
        )
    return made


def _found(request: HttpRequest) -> QuerySet[Product]:
    found = Product.objects.filter(active=True)
    if text := request.GET.get("q", "").strip():
        found = found.filter(Q(sku__icontains=text) | Q(name__icontains=text))
    return found


def _rule(scope: Scope, currency: str) -> MarkupRule | None:
    if scope == LIST:
        return None
    return MarkupRule.objects.filter(**scope.columns, currency=currency, valid_until__isnull=True).first()
