"""Forms of the cash book."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from simplane.core import clock
from simplane.core.errors import BadMoney
from simplane.core.money import Money, parse
from simplane.ledger.actions.cashbook import Payout, SupplierTopUp


class MoneyFields(forms.Form):
    """Reads amounts as people write them; `amounts` names the fields and the field with their currency."""

    amounts: dict[str, str] = {}

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        for name, currency in self.amounts.items():
            text = str(typed.get(name) or "").strip().replace(",", ".")
            if not text or name not in typed or currency not in typed:
                continue
            try:
                typed[f"{name}_money"] = parse(text, str(typed[currency]).strip().upper())
            except BadMoney as refusal:
                self.add_error(name, str(refusal))
        return typed

    def money(self, name: str) -> Money | None:
        """An amount of a valid form; None where nothing was typed."""
        found: Money | None = self.cleaned_data.get(f"{name}_money")
        return found


class SupplierTopUpForm(MoneyFields):
    """Money sent to a supplier."""

    amounts = {"amount": "currency", "paid": "paid_currency"}
    supplier = forms.ChoiceField()
    amount = forms.CharField(max_length=20, label="Credited by the supplier")
    currency = forms.CharField(max_length=3, initial="EUR")
    paid = forms.CharField(max_length=20, required=False, label="Paid by us, if exchanged")
    paid_currency = forms.CharField(max_length=3, required=False, label="In")
    reference = forms.CharField(max_length=60, help_text="Of the invoice or transfer; recorded once")
    on = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}), initial=lambda: clock.now().date()
    )
    reason = forms.CharField(max_length=120, required=False, label="Note")

    def __init__(self, data: QueryDict | None = None, *, suppliers: list[tuple[str, str]]) -> None:
        super().__init__(data, prefix="top")
        choice = self.fields["supplier"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = suppliers

    def wanted(self) -> SupplierTopUp:
        """What a valid form says."""
        typed, credited = self.cleaned_data, self.money("amount")
        assert credited is not None
        return SupplierTopUp(
            supplier=typed["supplier"],
            credited=credited,
            paid=self.money("paid"),
            reference=typed["reference"],
            on=typed["on"],
            reason=typed["reason"],
        )


class PayoutForm(MoneyFields):
    """A payout of a shop, or a fee alone."""

    amounts = {"gross": "currency", "fee": "currency"}
    service = forms.ChoiceField(label="Shop or service")
    gross = forms.CharField(max_length=20, label="Collected", help_text="Before fees; 0 for a fee alone")
    fee = forms.CharField(max_length=20, required=False, label="Fee kept")
    currency = forms.CharField(max_length=3, initial="EUR")
    reference = forms.CharField(max_length=60, help_text="Of the payout or invoice; recorded once")
    on = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}), initial=lambda: clock.now().date()
    )
    reason = forms.CharField(max_length=120, required=False, label="Note")

    def __init__(self, data: QueryDict | None = None, *, services: list[tuple[str, str]]) -> None:
        super().__init__(data, prefix="pay")
        choice = self.fields["service"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = services

    def wanted(self) -> Payout:
        """What a valid form says."""
        typed, gross = self.cleaned_data, self.money("gross")
        assert gross is not None
        return Payout(
            service=typed["service"],
            gross=gross,
            fee=self.money("fee") or Money(0, gross.currency),
            reference=typed["reference"],
            on=typed["on"],
            reason=typed["reason"],
        )
