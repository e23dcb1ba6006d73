"""Resellers: the list, one account with its money, people, prices and keys, and taking one on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe

from simplane.catalog.models import Terms, WholesalePrice
from simplane.catalog.scopes import Scope
from simplane.catalog.wholesale import terms_of
from simplane.console.price_forms import PriceForm
from simplane.console.reseller_forms import AdjustmentForm, OnboardForm, TermsForm, TransferForm, initial_terms
from simplane.console.shell import page
from simplane.core import clock
from simplane.core.errors import Refusal
from simplane.core.models import AuditEntry
from simplane.core.money import Money
from simplane.delivery.limits import an_hour
from simplane.ledger import queries as ledger
from simplane.ledger.models import Adjustment, Wallet
from simplane.ledger.values import WalletState
from simplane.ordering.models import Order
from simplane.ordering.resellers import onboard
from simplane.organizations.invitations import open_ones
from simplane.organizations.keys import keys_of
from simplane.organizations.members import members
from simplane.organizations.models import Organization, User
from simplane.payments import queries as payments
from simplane.payments.actions import propose_bank_top_up
from simplane.ui.paging import page_of


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A wallet, what may be spent of it, and the ledger accounts that explain it."""

    state: WalletState
    account_id: int
    held_account_id: int
    is_test: bool

    @property
    def balance(self) -> Money:
        """What the entries of the wallet sum to."""
        return Money(self.state.balance_minor, self.state.currency)


def live_resellers() -> QuerySet[Organization]:
    """Resellers without their test twins."""
    return Organization.objects.filter(kind=Organization.Kind.RESELLER, is_test=False)


@require_safe
def resellers(request: HttpRequest) -> HttpResponse:
    """All resellers, newest first, with tier and wallet."""
    found, query = live_resellers(), request.GET
    if text := query.get("q", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(slug__icontains=text) | Q(contact_email__istartswith=text))
    if query.get("state") in Organization.State.values:
        found = found.filter(state=query["state"])
    shown = page_of(found, query)
    wallets: dict[int, list[Wallet]] = {}
    for one in Wallet.objects.filter(organization__in=shown.rows).order_by("currency"):
        wallets.setdefault(one.organization_id, []).append(one)
    terms = {
        one.organization_id: one for one in Terms.objects.filter(organization__in=shown.rows).select_related("tier")
    }
    rows = [(one, terms.get(one.pk), wallets.get(one.pk, [])) for one in shown.rows]
    context = {"page": shown, "rows": rows, "states": Organization.State.choices}
    return page(request, "resellers", "resellers", context)


@require_safe
def reseller(request: HttpRequest, slug: str) -> HttpResponse:
    """One reseller."""
    found = get_object_or_404(live_resellers(), slug=slug)
    twin, terms = Organization.objects.filter(twin_of=found).first(), terms_of(found)
    currency = terms.currency if terms else "EUR"
    now = clock.now()
    running = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    agreed = WholesalePrice.objects.filter(running, organization=found, approved_at__isnull=False, valid_from__lte=now)
    in_force = agreed.order_by("product_id", "currency", "-valid_from").distinct("product_id", "currency")
    own = WholesalePrice.objects.filter(pk__in=in_force.values("pk")).select_related("product")
    context: dict[str, Any] = {
        "reseller": found,
        "twin": twin,
        "terms": terms,
        "currency": currency,
        "scope": Scope(organization=found),
        "wallets": wallet_rows(found, twin),
        "members": members(found.pk),
        "invitations": open_ones(found.pk).order_by("-pk"),
        "keys": [*keys_of(found.pk)[:50], *(keys_of(twin.pk)[:50] if twin else [])],
        "mails_an_hour": an_hour(found.pk),
        "own": own.order_by("-valid_from")[:10],
        "orders": Order.objects.filter(organization=found).order_by("-received_at")[:5],
        "top_ups": payments.top_ups(found.pk)[:5],
        "corrections": Adjustment.objects.filter(wallet__organization=found)
        .select_related("wallet")
        .order_by("-pk")[:10],
        "history": AuditEntry.objects.filter(entity="organization", entity_id=found.slug).order_by("-pk")[:15],
        "price_form": PriceForm(initial={"currency": currency}),
        "terms_form": TermsForm(initial=initial_terms(terms, currency) if terms else {}),
        "adjustment_form": AdjustmentForm(prefix="adjust"),
        "transfer_form": TransferForm(prefix="transfer"),
    }
    return page(request, "reseller", "resellers", context)


@require_http_methods(["GET", "POST"])
def reseller_new(request: HttpRequest) -> HttpResponse:
    """Take a reseller on and fund it; its keys are shown once."""
    form = OnboardForm(request.POST or None)
    if request.method == "GET":
        return page(request, "reseller_new", "resellers", {"form": form})
    try:
        done = onboard(*form.agreed())
    except Refusal as refusal:
        if not form.errors:
            form.add_error(None, str(refusal))
        return page(request, "reseller_new", "resellers", {"form": form}, status=422)
    money = form.funding()
    if money is not None:
        assert isinstance(request.user, User)
        try:
            propose_bank_top_up(
                done.organization,
                money,
                reference=form.cleaned_data["reference"],
                received_on=clock.now().date(),
                by=request.user,
            )
        except Refusal as refusal:
            messages.warning(request, f"The account exists; its transfer was refused: {refusal}")
            money = None
    return page(request, "reseller_made", "resellers", {"done": done, "transfer": money})


def wallet_rows(found: Organization, twin: Organization | None = None) -> list[WalletRow]:
    """The accounts of an organization, and of its test twin."""
    made = []
    for owner in filter(None, (found, twin)):
        rows = {one.currency: one for one in Wallet.objects.filter(organization=owner)}
        made += [
            WalletRow(state, rows[state.currency].pk, rows[state.currency].held_account_id, owner.is_test)
            for state in ledger.wallets(owner.pk)
        ]
    return made
