"""What our staff does about one company: its state, credit, plans and first people."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from simplane.console.companies import live_companies
from simplane.console.company_forms import products_of
from simplane.console.reseller_forms import amount
from simplane.console.reseller_work import checked_email, wallet_of
from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.fleet import plans
from simplane.ledger.actions import set_credit_limit
from simplane.organizations import hosts, invitations, lifecycle
from simplane.organizations.models import CompanyRole, Organization, User
from simplane.sso import connections
from simplane.sso.queries import enforced_at
from simplane.ui.outcomes import attempt, given


@require_POST
def company_state(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Suspend, serve again, let passwords in."""
    found, reason = _found(slug), request.POST.get("reason", "").strip()
    verbs: dict[str, tuple[str, Callable[[], object]]] = {
        "suspend": (
            "Within half a minute its pages and API can only be looked at. Its lines keep running.",
            lambda: lifecycle.suspend(found.pk, reason=given(reason)),
        ),
        "reactivate": ("It may work again.", lambda: lifecycle.reactivate(found.pk, reason=given(reason))),
        "passwords": ("Its people may sign in by password again.", lambda: _let_passwords_in(found, given(reason))),
    }
    if attempt(request, *verbs[verb]):
        hosts.forget()
    return redirect("console:company", slug)


@require_POST
def credit(request: HttpRequest, slug: str) -> HttpResponse:
    """How far below zero its account may go until invoices are paid."""
    found, form = _found(slug), request.POST

    def save() -> None:
        wallet = wallet_of(found, form.get("currency", ""))
        limit = amount(form.get("limit", ""), wallet.currency).minor
        reason = given(form.get("reason", "").strip())
        with transaction():
            set_credit_limit(wallet, limit, reason=reason)

    attempt(request, "The credit limit holds from now on.", save)
    return redirect("console:company", slug)


@require_POST
def offer(request: HttpRequest, slug: str) -> HttpResponse:
    """Let it give out products, by SKUs."""
    found, typed = _found(slug), request.POST.get("skus", "")

    def save() -> None:
        products = products_of(typed)
        if not products:
            raise BadInput("no SKU was written", fix="write one or more SKUs of products")
        for product in products:
            plans.offer(found, product)

    attempt(request, "It may give these plans out from now on.", save)
    return redirect("console:company", slug)


@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a link sent that makes its bearer a member."""
    found, email, role = _found(slug), request.POST.get("email", "").strip(), request.POST.get("role", "")
    assert isinstance(request.user, User)
    by = request.user

    def send() -> None:
        if role not in CompanyRole.values:
            raise BadInput(f"{role!r} is no role", fix=f"one of {', '.join(CompanyRole.values)}")
        invitations.invite(found.pk, checked_email(email), CompanyRole(role), by=by)

    attempt(request, f"A link goes to {email}.", send)
    return redirect("console:company", slug)


def _let_passwords_in(found: Organization, reason: str) -> None:
    """For the day on which its provider is down and nobody named for that can come in."""
    held = enforced_at(found.pk)
    if held is None:
        raise NotFound("it enforces no provider", fix="look at its page again")
    with tenancy.scope(found.pk):
        connections.relax(held.public_id, reason=reason)


def _found(slug: str) -> Organization:
    return get_object_or_404(live_companies(), slug=slug)
