"""Applying for an account: a form, and at once a test key. Whether the address is known to us shows nowhere."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from simplane.catalog.models import Price, Product
from simplane.core import clock, context
from simplane.core.addresses import source_ip
from simplane.core.errors import Refusal
from simplane.delivery import mime
from simplane.hub.throttle import limit
from simplane.ordering.resellers import Application, Applied, apply_for_account
from simplane.organizations.forms import country_choices
from simplane.organizations.keys import applicant
from simplane.organizations.names import mailable

MOST_AN_HOUR = 10
"""Applications from one network address; three with one e-mail address."""
APPLIED = "applied_for"
"""Session: the accounts this browser applied for and whose first key it was shown."""


class JoinForm(forms.Form):
    """What an applicant tells us."""

    company = forms.CharField(max_length=120)
    country = forms.ChoiceField()
    website = forms.URLField(max_length=200, required=False, assume_scheme="https", widget=forms.TextInput)
    email = forms.EmailField(label="Your e-mail", help_text="We send a link there; with it you choose a password.")
    currency = forms.ChoiceField(label="Currency of your wallet")
    expected_monthly = forms.IntegerField(label="eSIMs you expect to sell a month", min_value=0, max_value=10_000_000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices()  # type: ignore[attr-defined]
        self.fields["currency"].choices = [(one, one) for one in _currencies()]  # type: ignore[attr-defined]

    def clean_company(self) -> str:
        company: str = self.cleaned_data["company"]
        if not re.search(r"[^\W\d_]", company) or not mailable(company):
            # It stands in mails to people whom the applicant chooses.
            raise forms.ValidationError("Write the name of the company, without an address.")
        return company

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if not mime.usable(email):
            raise forms.ValidationError("No mail can be sent to this address.")
        return email


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """The form, and the page with the test key, which is shown this once."""
    form = JoinForm(request.POST or None, initial={"currency": "EUR"})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            return _joined(request, form.cleaned_data["email"], _apply(request, form))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = refusal.status
    return _private(render(request, "hub/join.html", {"form": form}, status=status))


def _apply(request: HttpRequest, form: JoinForm) -> Applied:
    email = form.cleaned_data["email"]
    limit(f"join:{source_ip(request.META)}", MOST_AN_HOUR)
    limit(f"join:{email}", 3)
    with context.acting(applicant(email)):
        made = apply_for_account(Application(**form.cleaned_data))
    request.session[APPLIED] = [*request.session.get(APPLIED, []), made.organization.pk][-MOST_AN_HOUR:]
    return made


def _joined(request: HttpRequest, email: str, applied: Applied) -> HttpResponse:
    currency = applied.organization.terms.currency
    shown = {
        "organization": applied.organization,
        "email": email,
        "secret": applied.test.secret,
        "base": settings.SIMPLANE.base_url,
        "sku": _example_sku(currency),
    }
    return _private(render(request, "hub/joined.html", shown))


def _private(answer: HttpResponse) -> HttpResponse:
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _example_sku(currency: str) -> str:
    """Of a product that a new reseller can order at list price."""
    priced = Price.objects.filter(currency=currency, valid_from__lte=clock.now(), valid_until__isnull=True)
    found = Product.objects.filter(active=True, pk__in=priced.values("product_id")).order_by("sku").first()
    return found.sku if found else "SKU"


def _currencies() -> list[str]:
    """In which a list price stands."""
    return sorted(set(Price.objects.values_list("currency", flat=True).distinct())) or ["EUR"]
