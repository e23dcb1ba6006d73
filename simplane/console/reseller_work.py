"""What our staff does about one reseller: its state, credit, terms, corrections, transfers, people, and seeing what it sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from simplane.catalog.models import Tier
from simplane.catalog.terms import set_terms
from simplane.catalog.wholesale import terms_of
from simplane.console.price_forms import read
from simplane.console.reseller_forms import AdjustmentForm, TermsForm, TransferForm, amount
from simplane.console.resellers import live_resellers
from simplane.core import audit, clock
from simplane.core.db import transaction
from simplane.core.errors import BadInput, NotFound
from simplane.delivery import limits
from simplane.ledger.actions import set_credit_limit
from simplane.ledger.actions.adjust import propose_adjustment
from simplane.ledger.models import Wallet
from simplane.organizations import invitations, lifecycle
from simplane.organizations.models import Organization, Role, User
from simplane.payments.actions import propose_bank_top_up
from simplane.ui.outcomes import attempt, given

ACTING_FOR = "acting_for"
"""Session: for whom one of us sees the hub; `hub.standing` reads it."""


@require_POST
def reseller_state(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """Approve an applicant, suspend, serve again."""
    found, reason = _found(slug), request.POST.get("reason", "").strip()
    verbs: dict[str, tuple[str, Callable[[], object]]] = {
        "approve": (
            "It may order now; its owner hears of it by mail.",
            lambda: lifecycle.approve(found.pk, reason=reason),
        ),
        "suspend": (
            "No new orders from now on; what is paid is still served.",
            lambda: lifecycle.suspend(found.pk, reason=given(reason)),
        ),
        "reactivate": ("It may order again.", lambda: lifecycle.reactivate(found.pk, reason=given(reason))),
    }
    attempt(request, *verbs[verb])
    return redirect("console:reseller", slug)


@require_POST
def credit(request: HttpRequest, slug: str) -> HttpResponse:
    """How far below zero a wallet may go."""
    found, form = _found(slug), request.POST

    def save() -> None:
        wallet = wallet_of(found, form.get("currency", ""))
        limit = amount(form.get("limit", ""), wallet.currency).minor
        reason = given(form.get("reason", "").strip())
        with transaction():
            set_credit_limit(wallet, limit, reason=reason)

    attempt(request, "The credit limit holds from now on.", save)
    return redirect("console:reseller", slug)


@require_POST
def terms(request: HttpRequest, slug: str) -> HttpResponse:
    """Tier and largest order."""
    found, form = _found(slug), TermsForm(request.POST)

    def save() -> None:
        typed: dict[str, Any] = read(form)
        now = terms_of(found)
        if now is None:
            raise NotFound("this reseller has no terms")
        most = amount(typed["max_order"], now.currency).minor if typed["max_order"] else None
        tier: Tier | None = typed["tier"]
        set_terms(found.pk, tier=tier, pinned=typed["pinned"], max_order_minor=most, reason=typed["reason"])

    attempt(request, "The terms hold from now on.", save)
    return redirect("console:reseller", slug)


@require_POST
def mails(request: HttpRequest, slug: str) -> HttpResponse:
    """How many mails an hour leave for it; an empty field: as many as for everybody."""
    found, typed = _found(slug), request.POST.get("an_hour", "").strip()

    def save() -> None:
        if typed and not (typed.isascii() and typed.isdecimal() and len(typed) < 9):
            raise BadInput(f"{typed!r} is no number of mails", fix="write a whole number, or leave it empty")
        limits.set_allowance(found.pk, int(typed) if typed else None, reason=request.POST.get("reason", "").strip())

    attempt(request, "That many mails an hour leave from now on.", save)
    return redirect("console:reseller", slug)


@require_POST
def adjust(request: HttpRequest, slug: str) -> HttpResponse:
    """Propose a correction of a wallet."""
    found, form = _found(slug), AdjustmentForm(request.POST, prefix="adjust")

    def save() -> None:
        typed, wallet = read(form), wallet_of(found, request.POST.get("currency", ""))
        propose_adjustment(
            wallet, amount(typed["amount"], wallet.currency).minor, cause=typed["cause"], reason=typed["reason"]
        )

    attempt(request, "The correction waits for a colleague.", save)
    return redirect("console:reseller", slug)


@require_POST
def transfer(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter a bank transfer."""
    found, form = _found(slug), TransferForm(request.POST, prefix="transfer")
    assert isinstance(request.user, User)
    by = request.user

    def save() -> None:
        typed, wallet = read(form), wallet_of(found, request.POST.get("currency", ""))
        money = amount(typed["amount"], wallet.currency)
        propose_bank_top_up(found, money, reference=typed["reference"], received_on=typed["received_on"], by=by)

    attempt(request, "The transfer waits for a colleague.", save)
    return redirect("console:reseller", slug)


@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a link sent that makes its bearer a member."""
    found, email, role = _found(slug), request.POST.get("email", "").strip(), request.POST.get("role", "")
    assert isinstance(request.user, User)
    by = request.user

    def send() -> None:
        if role not in Role.values:
            raise BadInput(f"{role!r} is no role", fix=f"one of {', '.join(Role.values)}")
        invitations.invite(found.pk, checked_email(email), Role(role), by=by)

    attempt(request, f"A link goes to {email}.", send)
    return redirect("console:reseller", slug)


@require_POST
def see_as(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to the hub as this reseller sees it. Audited with the reason; the hub says on every page who is there."""
    found, reason = _found(slug), request.POST.get("reason", "").strip()

    def start() -> None:
        wanted = given(reason)
        with transaction():
            audit.note("reseller.seen_as", "organization", found.slug, reason=wanted)
        request.session[ACTING_FOR] = {
            "organization": found.pk,
            "staff": request.user.pk,
            "since": int(clock.now().timestamp()),
        }

    if attempt(request, f"You see the hub as {found.name} does.", start):
        return HttpResponseRedirect("/hub/")
    return redirect("console:reseller", slug)


def _found(slug: str) -> Organization:
    return get_object_or_404(live_resellers(), slug=slug)


def wallet_of(found: Organization, currency: str) -> Wallet:
    """The account in a currency. Raises NotFound."""
    rows = Wallet.objects.select_related("organization", "account").filter(organization=found, currency=currency)
    wallet = rows.first()
    if wallet is None:
        raise NotFound(f"there is no wallet in {currency!r}")
    return wallet


def checked_email(email: str) -> str:
    """The address. Raises BadInput for what is none."""
    try:
        validate_email(email)
    except ValidationError:
        raise BadInput(f"{email!r} is no e-mail address") from None
    return email
