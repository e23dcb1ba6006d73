"""Settings > Company: what it is called, and to whom invoices go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from simplane.billing.actions import Address, ProfileWanted, save_profile
from simplane.billing.models import BillingProfile, Seller
from simplane.billing.words import LANGUAGES
from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page
from simplane.company.standing import Standing
from simplane.core import clock, tenancy
from simplane.organizations import profile
from simplane.organizations.forms import country_choices
from simplane.ui.outcomes import attempt

ITSELF = ("name", "contact_email", "website")
PLACE = ("country", "vat_id")
LANGUAGE_NAMES = {"en": "English", "de": "German"}
INVOICE = ("street", "postcode", "city", "reference", "language")


class CompanyForm(forms.Form):
    """What the company says of itself. Who may not change the company sees what stands on invoices only."""

    name = forms.CharField(max_length=120, help_text="As people see it in mails and on pages.")
    contact_email = forms.EmailField(
        label="E-mail for notices", required=False, help_text="About the account. Empty: to its owners."
    )
    website = forms.URLField(max_length=200, required=False, assume_scheme="https", widget=forms.TextInput)
    legal_name = forms.CharField(label="Name on invoices", max_length=200)
    street = forms.CharField(max_length=200)
    postcode = forms.CharField(max_length=20, required=False)
    city = forms.CharField(max_length=100)
    country = forms.ChoiceField()
    vat_id = forms.CharField(
        label="VAT id", max_length=20, required=False, help_text="Without one, no reverse charge in the EU."
    )
    invoice_email = forms.EmailField(label="Invoices go to")
    reference = forms.CharField(
        label="Your reference",
        max_length=80,
        required=False,
        help_text="An order or cost number that must stand on them.",
    )
    language = forms.ChoiceField(
        label="Language of invoices", choices=[(one, LANGUAGE_NAMES[one]) for one in LANGUAGES]
    )

    def __init__(self, names: tuple[str, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices()  # type: ignore[attr-defined]
        self.fields = {name: field for name, field in self.fields.items() if name in names}


@require_http_methods(["GET", "HEAD", "POST"])
@page("billing:write", walled=False)
def company_data(request: CompanyRequest) -> HttpResponse:
    """One form; owners change all of it, finance what stands on invoices."""
    company = request.company
    with tenancy.everywhere():
        known = BillingProfile.objects.select_related("seller").filter(organization=company.organization).first()
    seller = known.seller if known else Seller.objects.order_by("pk").first()
    names = _names(company, invoiced=seller is not None)
    form = CompanyForm(names, request.POST or None, initial=_initial(company, known))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if attempt(
            request, "Saved. Invoices that are out stay as they are.", lambda: _save(company, seller, known, given)
        ):
            return redirect("company:company_data")
    return show_settings(request, "company_data", {"form": form, "known": known}, status=422 if request.POST else 200)


def _names(company: Standing, *, invoiced: bool) -> tuple[str, ...]:
    itself = ITSELF if company.may("settings:write") else ()
    return (*itself, *PLACE, *(("legal_name", "invoice_email", *INVOICE) if invoiced else ()))


def _initial(company: Standing, known: BillingProfile | None) -> dict[str, str]:
    home = company.organization
    if known is None:
        begin = {"legal_name": home.name, "invoice_email": home.contact_email, "language": "en"}
        return begin | {name: getattr(home, name) for name in (*ITSELF, *PLACE)}
    itself = {name: getattr(home, name) for name in ITSELF}
    invoice = {name: getattr(known, name) for name in (*PLACE, *INVOICE)}
    return itself | invoice | {"legal_name": known.name, "invoice_email": known.email}


def _save(company: Standing, seller: Seller | None, known: BillingProfile | None, given: dict[str, str]) -> None:
    """To whom invoices go first: it refuses what can not stand on one, and then nothing is changed."""
    if seller is not None:
        address = Address(
            name=given["legal_name"],
            email=given["invoice_email"],
            **{name: given[name] for name in ("street", "postcode", "city", *PLACE)},
        )
        wanted = ProfileWanted(
            address=address,
            since=known.since if known else clock.now().date(),
            payment_days=known.payment_days if known else 14,
            reference=given["reference"],
            language=given["language"],
        )
        save_profile(company.organization, seller, wanted, by_customer=True)
    changed = {name: given[name] for name in (*ITSELF, *PLACE) if name in given}
    profile.save_profile(company.organization.pk, **changed)
