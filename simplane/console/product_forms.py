"""Forms of a product and its price. They read what a person typed; the rules are the catalogue's own."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms

from simplane.catalog.models import ClockStart, Product
from simplane.catalog.values import ProductSpec
from simplane.core import money
from simplane.core.errors import BadMoney
from simplane.core.money import Money

_GB = Decimal(10**9)


class ProductForm(forms.Form):
    """A promise. `sku` can be typed only when it is new."""

    sku = forms.CharField(max_length=80, label="SKU")
    name = forms.CharField(max_length=160)
    countries = forms.CharField(help_text="Two-letter codes with commas or blanks between: ES, PT, FR")
    gigabytes = forms.DecimalField(
        label="Data, GB", required=False, min_value=0, max_digits=15, decimal_places=9, help_text="Empty: unlimited"
    )
    daily = forms.BooleanField(required=False, label="This much every day")
    days = forms.IntegerField(min_value=1, max_value=3650)
    clock_start = forms.ChoiceField(choices=ClockStart.choices, label="Days count from", initial=ClockStart.FIRST_USE)
    top_up = forms.BooleanField(required=False, label="Top-up promised")
    hotspot = forms.BooleanField(required=False, label="Hotspot promised")
    voice_minutes = forms.IntegerField(min_value=0, initial=0)
    sms_count = forms.IntegerField(min_value=0, initial=0, label="SMS")
    carrier = forms.CharField(max_length=80, required=False, help_text="Only when one was promised by name")
    min_margin = forms.IntegerField(
        min_value=0, initial=0, label="Least margin", help_text="Minor units of the price's currency (cents)"
    )
    active = forms.BooleanField(required=False, initial=True, label="Sold")
    reason = forms.CharField(max_length=200, required=False, label="Reason of the change")

    def __init__(self, *args: Any, sku: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sku = sku
        if sku:
            del self.fields["sku"]
        else:
            del self.fields["reason"]

    @classmethod
    def of(cls, product: Product) -> ProductForm:
        """Filled with a product as it is."""
        volume = None if product.data_bytes is None else (Decimal(product.data_bytes) / _GB).normalize()
        names = ("name", "daily", "days", "clock_start", "top_up", "hotspot", "voice_minutes", "sms_count", "carrier")
        initial = {name: getattr(product, name) for name in (*names, "active")}
        return cls(
            sku=product.sku,
            initial=initial
            | {
                "countries": ", ".join(product.countries),
                "gigabytes": None if volume is None else f"{volume:f}",
                "min_margin": product.min_margin_minor,
            },
        )

    def clean_countries(self) -> tuple[str, ...]:
        return tuple(sorted({code.upper() for code in re.split(r"[\s,;]+", self.cleaned_data["countries"]) if code}))

    def spec(self) -> ProductSpec:
        """What was typed, for the catalogue's actions."""
        typed = self.cleaned_data
        volume: Decimal | None = typed["gigabytes"]
        return ProductSpec(
            sku=self._sku or typed["sku"].strip(),
            name=typed["name"].strip(),
            countries=typed["countries"],
            data_bytes=None if volume is None else int(volume * _GB),
            days=typed["days"],
            daily=typed["daily"],
            clock_start=typed["clock_start"],
            top_up=typed["top_up"],
            hotspot=typed["hotspot"],
            voice_minutes=typed["voice_minutes"],
            sms_count=typed["sms_count"],
            carrier=typed["carrier"].strip(),
            min_margin_minor=typed["min_margin"],
            active=typed["active"],
        )


class PriceForm(forms.Form):
    """A price as people write it: `9.00` and `EUR`."""

    price = forms.CharField(max_length=20)
    currency = forms.CharField(max_length=3, initial="EUR")
    reason = forms.CharField(max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        typed: dict[str, Any] = super().clean() or {}
        if "price" in typed and "currency" in typed:
            try:
                typed["money"] = money.parse(typed["price"].strip().replace(",", "."), typed["currency"].upper())
            except BadMoney as refusal:
                self.add_error("price", str(refusal))
        return typed

    def money(self) -> Money:
        """The price of a valid form."""
        found: Money = self.cleaned_data["money"]
        return found
