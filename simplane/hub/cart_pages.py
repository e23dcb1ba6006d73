"""The cart as a page: put in, change, bring a file, and confirm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from simplane.catalog.shelf import Priced, priced_by_sku
from simplane.catalog.wholesale import terms_of
from simplane.core.errors import BadInput
from simplane.hub import cart
from simplane.hub.basket import Basket, basket_of, seal
from simplane.hub.cart import CartRow, parse_quantity
from simplane.hub.recipient import RecipientForm
from simplane.hub.shell import HubRequest, page, show
from simplane.ledger.queries import wallets
from simplane.ledger.values import WalletState
from simplane.ui.frames import is_part
from simplane.ui.outcomes import back


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the cart with its product; None: it can not be bought (any more)."""

    row: CartRow
    priced: Priced | None

    @property
    def total_minor(self) -> int:
        """At the price of now."""
        return self.row.quantity * self.priced.price.minor if self.priced else 0


@require_safe
@page("orders:write")
def cart_page(request: HubRequest) -> HttpResponse:
    """What is about to be ordered, what it costs, and who gets it."""
    return show_cart(request)


def show_cart(
    request: HubRequest, *, form: RecipientForm | None = None, problems: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    """The cart at the prices of now. `form`: what was typed before it was refused."""
    hub = request.hub
    rows = cart.rows(request.session, hub.organization.pk)
    terms = terms_of(hub.organization)
    known = priced_by_sku(terms, {row.sku for row in rows}) if terms and rows else {}
    basket = basket_of(hub.organization.pk, rows, known)
    context: dict[str, Any] = {
        "rows": [ShownRow(row, known.get(row.sku)) for row in rows],
        "named": any(row.reference or row.email for row in rows),
        "basket": basket,
        "sealed": seal(basket),
        "form": form if form is not None else RecipientForm(basket=basket),
        "problems": problems,
        "currency": terms.currency if terms else "",
        "wallet": _wallet(request, basket, terms.currency) if terms and hub.may("wallet:read") else None,
    }
    return show(request, "cart", "cart", context, status=status)


@dataclass(frozen=True, slots=True)
class WalletBefore:
    """The wallet before and after an order, in minor units."""

    state: WalletState
    total_minor: int

    @property
    def after_minor(self) -> int:
        """What may still be spent; below zero: so much is missing."""
        return self.state.available.minor - self.total_minor

    @property
    def missing_minor(self) -> int:
        """What the wallet lacks."""
        return max(0, -self.after_minor)


def _wallet(request: HubRequest, basket: Basket, currency: str) -> WalletBefore | None:
    found = (one for one in wallets(request.hub.organization.pk) if one.currency == currency)
    state = next(found, None)
    return WalletBefore(state, basket.total_minor) if state else None


@require_POST
@page("orders:write")
def cart_add(request: HubRequest) -> HttpResponse:
    """Put a SKU in; the catalogue stays where it is."""
    sku, hub = request.POST.get("sku", ""), request.hub
    try:
        terms = terms_of(hub.organization)
        if terms is None or sku not in priced_by_sku(terms, [sku]):
            raise BadInput("there is no such product at your prices", fix="look at the catalogue again")
        row = CartRow(sku, parse_quantity(request.POST.get("quantity", "1")))
        rows = cart.add(request.session, hub.organization.pk, [row])
        problem = ""
    except BadInput as refusal:
        rows, problem = cart.rows(request.session, hub.organization.pk), str(refusal)
    if is_part(request):
        units = sum(row.quantity for row in rows)
        lying = sum(row.quantity for row in rows if row.sku == sku)
        return render(request, "hub/cart_added.html", {"problem": problem, "in_cart": lying, "cart_units": units})
    (messages.error if problem else messages.success)(request, problem or f"{sku} is in the cart.")
    return back(request, reverse("hub:catalogue"))


@require_POST
@page("orders:write")
def cart_change(request: HubRequest) -> HttpResponse:
    """Set quantities, or take a row out (`remove`), or empty the cart (`empty`)."""
    session, account = request.session, request.hub.organization.pk
    refused = False
    if request.POST.get("empty"):
        cart.take_out(session, account, [row.key for row in cart.rows(session, account)])
    elif request.POST.get("remove"):
        cart.take_out(session, account, [request.POST["remove"]])
    else:
        refused = not _changed(request)
    if is_part(request) and (refused or not cart.rows(session, account)):
        # More of the page changes than the rows.
        return HttpResponseClientRedirect(reverse("hub:cart"))
    return redirect("hub:cart")


def _changed(request: HubRequest) -> bool:
    try:
        cart.change(request.session, request.hub.organization.pk, _quantities(request))
    except BadInput as refusal:
        messages.error(request, f"Nothing was changed: {refusal}.")
        return False
    return True


def _quantities(request: HubRequest) -> dict[str, int]:
    rows = cart.rows(request.session, request.hub.organization.pk)
    typed = {row.key: request.POST.get(f"quantity-{row.key}") for row in rows}
    return {key: parse_quantity(text, least=0) for key, text in typed.items() if text is not None}
