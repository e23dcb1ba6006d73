"""Forms of routing: a rule, and the question what would be decided now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from simplane.catalog.models import Product
from simplane.core import clock, money
from simplane.core.errors import BadMoney
from simplane.core.money import Money
from simplane.routing.models import Rule
from simplane.routing.rules import RuleSpec
from simplane.suppliers.models import Offer, Supplier

_LASTS = [("", "until somebody ends it"), ("1", "an hour"), ("24", "a day"), ("168", "a week"), ("720", "30 days")]


class RuleForm(forms.Form):
    """A rule as people write it: things by their codes, the amount in minor units."""

    kind = forms.ChoiceField(choices=Rule.Kind.choices, label="What")
    supplier = forms.ModelChoiceField(Supplier.objects.order_by("name"), required=False, empty_label="any")
    product = forms.CharField(required=False, max_length=80, label="Product's SKU", help_text="Empty: any")
    offer = forms.CharField(required=False, max_length=120, label="Offer's code", help_text="Empty: any")
    amount = forms.IntegerField(
        required=False, label="Amount", help_text="Only to add to its value: minor units (cents), may be negative"
    )
    lasts = forms.ChoiceField(choices=_LASTS, required=False, label="For")
    reason = forms.CharField(max_length=200)

    def clean_product(self) -> Product | None:
        sku = self.cleaned_data["product"].strip()
        found = Product.objects.filter(sku=sku).first() if sku else None
        if sku and found is None:
            raise forms.ValidationError("There is no product with this SKU.")
        return found

    def clean_offer(self) -> Offer | None:
        code = self.cleaned_data["offer"].strip()
        found = list(Offer.objects.filter(code=code).select_related("supplier")[:2]) if code else []
        if code and not found:
            raise forms.ValidationError("There is no offer with this code.")
        if len(found) > 1:
            raise forms.ValidationError("More than one supplier has this code; name the supplier instead.")
        return found[0] if found else None

    def spec(self) -> RuleSpec:
        """What was typed, for routing's action."""
        typed = self.cleaned_data
        hours = int(typed["lasts"]) if typed["lasts"] else 0
        return RuleSpec(
            kind=typed["kind"],
            reason=typed["reason"].strip(),
            product_id=typed["product"].pk if typed["product"] else None,
            supplier_id=typed["supplier"].pk if typed["supplier"] else None,
            offer_id=typed["offer"].pk if typed["offer"] else None,
            amount_minor=typed["amount"] or 0,
            valid_until=clock.now() + timedelta(hours=hours) if hours else None,
        )


class ExplainForm(forms.Form):
    """A SKU, and a price when it shall not be the list price."""

    sku = forms.CharField(max_length=80, label="SKU", widget=forms.TextInput(attrs={"list": "skus"}))
    price = forms.CharField(max_length=20, required=False, help_text="Empty: the list price in force")
    currency = forms.CharField(max_length=3, required=False, initial="EUR")

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        typed["money"] = None
        if typed.get("price"):
            try:
                typed["money"] = money.parse(typed["price"].replace(",", "."), (typed.get("currency") or "EUR").upper())
            except BadMoney as refusal:
                self.add_error("price", str(refusal))
        return typed

    def money(self) -> Money | None:
        """The price of a valid form, None for the list price."""
        found: Money | None = self.cleaned_data["money"]
        return found
