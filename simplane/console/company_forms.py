"""Forms about a company."""

from __future__ import annotations

from typing import Any

from django import forms

from simplane.billing.tax import clean_vat_id
from simplane.catalog.models import Product, Tier
from simplane.console.price_forms import read
from simplane.console.reseller_forms import amount
from simplane.core import countries
from simplane.core.errors import BadInput
from simplane.fleet.onboard import Agreed


def products_of(text: str) -> list[Product]:
    """Active products by SKUs, as people write them: apart by spaces or commas. Raises BadInput naming those we lack."""
    wanted = list(dict.fromkeys(text.replace(",", " ").split()))
    found = {one.sku: one for one in Product.objects.filter(sku__in=wanted, active=True)}
    missing = [sku for sku in wanted if sku not in found]
    if missing:
        raise BadInput(f"unknown SKU {', '.join(missing[:5])}", fix="look at the products")
    return [found[sku] for sku in wanted]


class CompanyForm(forms.Form):
    """Nine fields that take a company on."""

    name = forms.CharField(max_length=120, label="Company")
    slug = forms.CharField(max_length=42, label="Its address begins with", help_text="Small letters, digits, hyphens")
    owner_email = forms.EmailField(label="E-mail of its owner", help_text="Gets a link to choose a password")
    country = forms.CharField(max_length=2, label="Country", help_text="Two letters, such as DE")
    vat_id = forms.CharField(max_length=20, required=False, label="VAT id")
    currency = forms.CharField(max_length=3, initial="EUR")
    credit = forms.CharField(max_length=20, label="Credit limit", help_text="Until its invoices are paid")
    tier = forms.ModelChoiceField(Tier.objects.order_by("min_monthly_units"), required=False, empty_label="By volume")
    plans = forms.CharField(
        required=False, label="Plans it may give out", help_text="SKUs of products; more can be offered later"
    )

    def clean_country(self) -> str:
        code: str = self.cleaned_data["country"].strip().upper()
        if code not in countries.known():
            raise forms.ValidationError(f"{code} is no country code")
        return code

    def agreed(self) -> tuple[Agreed, str, list[Product]]:
        """What was agreed, the owner's address, the plans. Raises BadInput, BadMoney, BadVatId."""
        typed: dict[str, Any] = read(self)
        currency, vat_id = typed["currency"].strip().upper(), typed["vat_id"].strip()
        agreed = Agreed(
            name=typed["name"],
            slug=typed["slug"].strip().lower(),
            currency=currency,
            credit_minor=amount(typed["credit"], currency).minor,
            country=typed["country"],
            vat_id=clean_vat_id(vat_id, typed["country"]) if vat_id else "",
            contact_email=typed["owner_email"],
            tier=typed["tier"],
            reason="agreed when taken on",
        )
        return agreed, typed["owner_email"], products_of(typed["plans"])
