"""Forms of prices. They read what a person typed; the rules are the catalogue's own."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from simplane.catalog.markup import Markup, markup
from simplane.catalog.models import Product
from simplane.catalog.prices import NewPrice
from simplane.catalog.scopes import Scope
from simplane.core.errors import BadInput
from simplane.core.money import parse

_DAY = forms.DateInput(attrs={"type": "date"})


class PriceForm(forms.Form):
    """A price as people write it, with its days."""

    price = forms.CharField(max_length=20)
    currency = forms.CharField(max_length=3, initial="EUR")
    valid_from = forms.DateField(required=False, widget=_DAY, label="From", help_text="Empty: now")
    valid_until = forms.DateField(required=False, widget=_DAY, label="Until", help_text="The first day without it")
    reason = forms.CharField(max_length=200, required=False)

    def wanted(self, product: Product, scope: Scope) -> NewPrice:
        """What was typed. Raises BadInput naming every fault, BadMoney."""
        typed = read(self)
        return NewPrice(
            product=product,
            scope=scope,
            price=parse(typed["price"].strip().replace(",", "."), typed["currency"].strip().upper()),
            valid_from=_midnight(typed["valid_from"]),
            valid_until=_midnight(typed["valid_until"]),
            reason=typed["reason"].strip(),
        )


class MarkupForm(forms.Form):
    """A rule that makes prices from costs."""

    percent = forms.DecimalField(min_value=0, max_digits=7, decimal_places=2, label="Cost + %")
    least = forms.CharField(
        max_length=20, required=False, label="At least", help_text="Added to the cost, such as 0.50"
    )
    rounding = forms.CharField(
        max_length=12, required=False, label="Round up to", help_text="x.90 or x9.00 for an ending, 0.05 for multiples"
    )
    currency = forms.CharField(max_length=3, initial="EUR")
    reason = forms.CharField(max_length=200, required=False)

    def rule(self) -> Markup:
        """What was typed. Raises BadInput, BadPrice, BadMoney."""
        typed = read(self)
        return markup(
            typed["currency"].strip().upper(),
            typed["percent"],
            typed["least"].strip().replace(",", "."),
            typed["rounding"],
        )


def read(form: forms.Form) -> dict[str, Any]:
    """The fields of a form. Raises BadInput naming every fault."""
    if not form.is_valid():
        texts = [
            f"{form[name].label}: {error}" if name in form.fields else str(error)
            for name, errors in form.errors.items()
            for error in errors
        ]
        raise BadInput("; ".join(texts), fix="correct it and try again")
    return form.cleaned_data


def _midnight(day: Any) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None
