"""Companies: the list, one with its money, lines, people, plans and what stands still, and taking one on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from simplane.catalog.wholesale import terms_of
from simplane.console.company_forms import CompanyForm
from simplane.console.resellers import wallet_rows
from simplane.console.shell import page
from simplane.core import tenancy
from simplane.core.errors import Refusal
from simplane.core.models import AuditEntry, DeadLetter
from simplane.fleet import plans
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.fleet.onboard import onboard
from simplane.ledger.models import Wallet
from simplane.ordering.models import Order
from simplane.organizations import invitations
from simplane.organizations.hosts import address_of
from simplane.organizations.keys import keys_of
from simplane.organizations.members import members
from simplane.organizations.models import CompanyRole, Organization, User
from simplane.sso.queries import enforced_at
from simplane.ui.paging import page_of
from simplane.usage.queries import freshness_by_supplier

S = Operation.State
OPEN = (S.AWAITING_APPROVAL, S.SCHEDULED, S.REQUESTED, S.SENT, S.UNKNOWN)
GONE = (FleetLine.State.ENDED, FleetLine.State.FAILED)
SHOWN = 10


def live_companies() -> QuerySet[Organization]:
    """All companies."""
    return Organization.objects.filter(kind=Organization.Kind.COMPANY, is_test=False)


@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """Newest first, with lines and account."""
    found, query = live_companies(), request.GET
    if text := query.get("q", "").strip():
        found = found.filter(Q(name__icontains=text) | Q(slug__icontains=text) | Q(contact_email__istartswith=text))
    if query.get("state") in Organization.State.values:
        found = found.filter(state=query["state"])
    shown = page_of(found, query)
    wallets: dict[int, list[Wallet]] = {}
    for one in Wallet.objects.filter(organization__in=shown.rows).order_by("currency"):
        wallets.setdefault(one.organization_id, []).append(one)
    running = FleetLine.objects.filter(organization__in=shown.rows).exclude(state__in=GONE)
    lines = dict(running.order_by().values_list("organization_id").annotate(many=Count("pk")))
    context = {
        "page": shown,
        "rows": [(one, lines.get(one.pk, 0), wallets.get(one.pk, [])) for one in shown.rows],
        "states": [one for one in Organization.State.choices if one[0] != Organization.State.APPLIED],
    }
    return page(request, "companies", "companies", context)


@require_safe
def company(request: HttpRequest, slug: str) -> HttpResponse:
    """One company."""
    found = get_object_or_404(live_companies(), slug=slug)
    terms = terms_of(found)
    context: dict[str, Any] = {
        "company": found,
        "address": address_of(found.slug),
        "terms": terms,
        "currency": terms.currency if terms else "EUR",
        "wallets": wallet_rows(found),
        "members": members(found.pk),
        "invitations": invitations.open_ones(found.pk).order_by("-pk"),
        "roles": CompanyRole.choices,
        "enforced": enforced_at(found.pk),
        "keys": keys_of(found.pk).count(),
        "plans": Plan.objects.filter(organization=found).select_related("product").order_by("name"),
        "history": AuditEntry.objects.filter(organization_id=found.pk).order_by("-pk")[:15],
        **_lines(found),
        **_standing_still(found),
    }
    return page(request, "company", "companies", context)


@require_http_methods(["GET", "POST"])
def company_new(request: HttpRequest) -> HttpResponse:
    """Take a company on: its account, its plans, and a link for its first owner."""
    form = CompanyForm(request.POST or None)
    if request.method == "GET":
        return page(request, "company_new", "companies", {"form": form})
    try:
        agreed, email, products = form.agreed()
        made = onboard(agreed)
    except Refusal as refusal:
        if not form.errors:
            form.add_error(None, str(refusal))
        return page(request, "company_new", "companies", {"form": form}, status=422)
    assert isinstance(request.user, User)
    invitations.invite(made.pk, email, CompanyRole.OWNER, by=request.user)
    messages.success(request, f"{made.name} is taken on; a link goes to {email}.")
    for product in products:
        try:
            plans.offer(made, product)
        except Refusal as refusal:
            messages.warning(request, f"Not offered: {refusal}")
    return redirect("console:company", made.slug)


def _lines(found: Organization) -> dict[str, Any]:
    counted = FleetLine.objects.filter(organization=found).order_by().values_list("state").annotate(many=Count("pk"))
    labels = dict(FleetLine.State.choices)
    by_state = sorted(((state, labels[state], many) for state, many in counted), key=lambda row: -row[2])
    with tenancy.scope(found.pk):
        fresh = freshness_by_supplier()
    return {"by_state": by_state, "lines": sum(row[2] for row in by_state if row[0] not in GONE), "fresh": fresh}


def _standing_still(found: Organization) -> dict[str, Any]:
    """Operations that are not over, and dead letters of its orders."""
    asked = Operation.objects.filter(organization=found, state__in=OPEN)
    orders = Order.objects.filter(organization=found).values("pk")
    letters = DeadLetter.objects.filter(resolved_at=None, order_id__in=orders)
    return {
        "operations": asked.select_related("line").order_by("-pk")[:SHOWN],
        "open_operations": asked.count(),
        "letters": letters.order_by("-opened_at")[:SHOWN],
        "open_letters": letters.count(),
    }
