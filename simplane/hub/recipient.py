"""Who gets the eSIMs of an order, as a person types it at checkout."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator

from simplane.delivery.mime import usable
from simplane.hub.basket import Basket
from simplane.hub.placement import Recipient

_CLEAN = RegexValidator(r"^[^\x00-\x1f\x7f]*$", "leave out control characters")


class RecipientForm(forms.Form):
    """All optional: without an e-mail address whoever orders hands the eSIM over."""

    email = forms.CharField(
        label="E-mail of the traveller",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="Each eSIM is sent there at once. Empty: you hand it over yourself.",
    )
    name = forms.CharField(
        label="Name",
        required=False,
        max_length=200,
        validators=[_CLEAN],
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    locale = forms.ChoiceField(label="Language of mail and install page", choices=settings.LANGUAGES, initial="en")
    reference = forms.CharField(
        label="Your reference",
        required=False,
        max_length=80,
        validators=[_CLEAN],
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="Your own number, used once. You find the order by it.",
    )

    def __init__(self, *args: Any, basket: Basket, **given: Any) -> None:
        super().__init__(*args, **given)
        # One reference names one order; those that a file gave have theirs.
        if sum(not order.reference for order in basket.orders) != 1:
            del self.fields["reference"]
        if basket.orders and all(order.email for order in basket.orders):
            del self.fields["email"]

    def clean_email(self) -> str:
        """Lower case, as people are known by it."""
        typed = str(self.cleaned_data["email"]).lower()
        if typed and not usable(typed):
            raise forms.ValidationError("this is no e-mail address: it reads name@example.com")
        return typed

    def recipient(self) -> Recipient:
        """What was typed. Only of a valid form."""
        said = self.cleaned_data
        return Recipient(said.get("reference", ""), said.get("email", ""), said["name"], said["locale"])
