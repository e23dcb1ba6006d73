"""Forms about a reseller."""

from __future__ import annotations

from typing import Any

from django import forms

from simplane.catalog.models import Tier
from simplane.console.price_forms import read
from simplane.core import clock, countries
from simplane.core.errors import BadInput
from simplane.core.money import Money, parse
from simplane.ledger.models import Adjustment
from simplane.ordering.resellers import Agreed


def amount(text: str, currency: str) -> Money:
    """An amount as people write it. Raises BadMoney."""
    return parse(text.strip().replace(",", "."), currency)


class OnboardForm(forms.Form):
    """Eight fields that take a reseller on and fund it."""

    name = forms.CharField(max_length=120, label="Company")
    owner_email = forms.EmailField(label="E-mail of its owner", help_text="Gets a link to choose a password")
    country = forms.CharField(max_length=2, label="Country", help_text="Two letters, such as DE")
    currency = forms.CharField(max_length=3, initial="EUR")
    tier = forms.ModelChoiceField(Tier.objects.order_by("min_monthly_units"), required=False, empty_label="By volume")
    credit = forms.CharField(max_length=20, required=False, label="Credit limit", help_text="Empty: prepaid only")
    transfer = forms.CharField(
        max_length=20, required=False, label="Bank transfer received", help_text="A colleague approves it"
    )
    reference = forms.CharField(max_length=140, required=False, label="Reference of the transfer")

    def clean_country(self) -> str:
        code: str = self.cleaned_data["country"].strip().upper()
        if code not in countries.known():
            raise forms.ValidationError(f"{code} is no country code")
        return code

    def agreed(self) -> tuple[str, str, Agreed]:
        """Name, currency and what was agreed. Raises BadInput, BadMoney."""
        typed = read(self)
        currency = typed["currency"].strip().upper()
        transfer = self.funding()
        if (transfer is None) != (not typed["reference"].strip()):
            raise BadInput("a transfer needs both its amount and its reference", fix="fill in both, or neither")
        credit = amount(typed["credit"] or "0", currency).minor
        agreed = Agreed(
            credit_minor=credit,
            tier=typed["tier"],
            country=typed["country"],
            owner_email=typed["owner_email"],
            reason="agreed when taken on",
        )
        return typed["name"].strip(), currency, agreed

    def funding(self) -> Money | None:
        """The money that arrived already. Raises BadMoney, BadInput."""
        typed = self.cleaned_data
        if not typed.get("transfer"):
            return None
        found = amount(typed["transfer"], typed["currency"].strip().upper())
        if found.minor <= 0:
            raise BadInput("a transfer is more than nothing", fix="leave it empty when nothing has arrived")
        return found


class TermsForm(forms.Form):
    """Tier and largest order."""

    tier = forms.ModelChoiceField(Tier.objects.order_by("min_monthly_units"), required=False, empty_label="None")
    pinned = forms.BooleanField(required=False, label="Volume does not change the tier")
    max_order = forms.CharField(max_length=20, required=False, label="Largest order", help_text="Empty: no limit")
    reason = forms.CharField(max_length=200, required=False)


class AdjustmentForm(forms.Form):
    """A wallet correction to be approved by a colleague."""

    amount = forms.CharField(max_length=20, help_text="With a minus it leaves the wallet: -12.50")
    cause = forms.ChoiceField(choices=Adjustment.Cause.choices)
    reason = forms.CharField(max_length=200)


class TransferForm(forms.Form):
    """A bank transfer that somebody saw on our account."""

    amount = forms.CharField(max_length=20)
    reference = forms.CharField(max_length=140, help_text="As on the bank statement; entered once")
    received_on = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}), initial=lambda: clock.now().date()
    )


def initial_terms(terms: Any, currency: str) -> dict[str, Any]:
    """The form's present values."""
    most = Money(terms.max_order_minor, currency).decimal() if terms.max_order_minor is not None else ""
    return {"tier": terms.tier_id, "pinned": terms.tier_pinned, "max_order": most}
