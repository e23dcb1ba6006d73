"""Settings > Sign-in: the company's identity providers, tested, activated, enforced; who may come in when one is down."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page
from simplane.company.sso_forms import (
    ROLES,
    ClaimsForm,
    NewForm,
    OidcForm,
    SamlForm,
    certificates_of,
    provider_form,
    role_rows,
    roles_asked,
)
from simplane.core import tenancy
from simplane.core.errors import NotFound, Refusal
from simplane.organizations.models import Domain
from simplane.sso import break_glass, connections, locked_out, saml_settings
from simplane.sso.here import addresses
from simplane.sso.models import BreakGlass, Connection
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of

DEEDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "activate": ("People can sign in through it now.", connections.activate),
    "off": ("Nobody signs in through it any more.", connections.switch_off),
    "relax": ("Passwords and passkeys work again.", connections.relax),
    "remove": ("Removed. Accounts and members stay.", connections.remove),
}
"""Name in the address -> what is said when it is done, and what does it."""


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write", walled=False)
def sign_in(request: CompanyRequest) -> HttpResponse:
    """All connections, a form to begin another, and the owners who may break the glass."""
    form = NewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = _begun(request, form)
        if made is not None:
            return redirect("company:connection", made.public_id)
    company = request.company.organization.pk
    with tenancy.scope(company):
        rows = list(Connection.objects.order_by("created_at"))
        named = set(BreakGlass.objects.values_list("user_id", flat=True))
        mail = [one.host for one in Domain.objects.filter(for_mail=True, verified_at__isnull=False).order_by("host")]
    able = break_glass.with_factor(company)
    owners = [(one.user, one.user_id in named, one.user_id in able) for one in break_glass.owners(company)]
    context = {"rows": rows, "form": form, "owners": owners, "glass": any(a and b for _, a, b in owners), "mail": mail}
    return show_settings(request, "sign_in", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write", walled=False)
def connection(request: CompanyRequest, public_id: str) -> HttpResponse:
    """One connection: what the provider must know, what it shows, the test, who comes in as what, and its switch."""
    found = _get(request, public_id)
    given = request.POST if request.method == "POST" else None
    form, claims = provider_form(found, given), ClaimsForm(given, found)
    status = 200
    if request.method == "POST":
        if form.is_valid() and claims.is_valid() and _saved(request, form, claims, public_id):
            return redirect("company:connection", public_id)
        status = 422
    context = {
        "connection": found,
        "form": form,
        "claims": claims,
        "complete": bool(found.issuer or found.idp_entity_id),
        "addresses": _addresses(request, found),
        "certificates": certificates_of(found),
        "role_rows": role_rows(found),
        "roles": ROLES,
    }
    return show_settings(request, "connection", context, status=status)


@require_POST
@page("settings:write", walled=False)
def connection_roles(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Who becomes a member at the first sign-in, and which group means which role."""
    _get(request, public_id)

    def save() -> None:
        asked = roles_asked(request.POST)
        with tenancy.scope(request.company.organization.pk):
            connections.set_roles(public_id, **asked)

    attempt(request, "Saved: it counts from the next sign-in on.", save)
    return redirect("company:connection", public_id)


@require_POST
@page("settings:write")
def connection_deed(request: CompanyRequest, public_id: str, deed: str) -> HttpResponse:
    """One of DEEDS."""
    if deed not in DEEDS or not Connection.objects.filter(public_id=public_id).exists():
        raise NotFound("there is no such thing to do")
    done, verb = DEEDS[deed]
    attempt(request, done, lambda: verb(public_id))
    still = Connection.objects.filter(public_id=public_id).exists()
    return redirect("company:connection", public_id) if still else redirect("company:sign_in")


@require_http_methods(["GET", "HEAD", "POST"])
@page("settings:write", walled=False)
def connection_enforce(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Asks first: who could come in no more, and who could when the provider is down."""
    found, company = _get(request, public_id), request.company.organization.pk
    if request.method == "POST":
        words = f"{found.name} is the only way in now."
        attempt(request, words, lambda: connections.enforce(company, public_id))
        return redirect("company:connection", public_id)
    able = list(break_glass.able(company))
    stays = any(one.user_id == request.company.user.pk for one in able)
    out = page_of(locked_out.by(found), request.GET, by="email", ascending=True)
    context = {"connection": found, "page": out, "able": able, "stays": stays}
    return show_settings(request, "connection_enforce", context)


@require_POST
@page("settings:write", walled=False)
def glass(request: CompanyRequest) -> HttpResponse:
    """Name an owner who may come in when the provider is down, or no more."""
    company, given = request.company.organization.pk, request.POST.get("user", "")
    who = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0
    if "unname" in request.POST:
        attempt(request, "They are not named any more.", lambda: break_glass.unname(company, who))
    else:
        attempt(request, "They may come in by password when it is needed.", lambda: break_glass.name(company, who))
    return redirect("company:sign_in")


def _begun(request: CompanyRequest, form: NewForm) -> Connection | None:
    given = form.cleaned_data
    try:
        with tenancy.scope(request.company.organization.pk):
            return connections.add(given["protocol"], name=given["name"])
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return None


def _saved(request: CompanyRequest, form: OidcForm | SamlForm, claims: ClaimsForm, public_id: str) -> bool:
    try:
        asked = {**form.asked(), **claims.cleaned_data}
        with tenancy.scope(request.company.organization.pk):
            connections.change(public_id, **asked)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, "Saved. Now test it.")
    return True


def _get(request: CompanyRequest, public_id: str) -> Connection:
    with tenancy.scope(request.company.organization.pk):
        found: Connection | None = Connection.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such connection")
    return found


def _addresses(request: CompanyRequest, found: Connection) -> list[tuple[str, list[str]]]:
    """(what a provider calls it, where it is), at our address first and then at the company's proved domains."""
    slug, page = request.company.organization.slug, "acs" if found.protocol == Connection.Protocol.SAML else "return"
    with tenancy.scope(request.company.organization.pk):
        places = addresses(slug, found, page)
    if page == "return":
        return [("Redirect URL (sign-in redirect URI, callback)", places)]
    own = [saml_settings.entity_id(slug, found)]
    return [("ACS URL (reply URL, single sign-on URL)", places), ("Entity ID (audience), also our metadata", own)]
