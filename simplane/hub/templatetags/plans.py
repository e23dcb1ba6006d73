"""How plans and eSIMs are shown to a reseller."""

from __future__ import annotations

from django import template

from simplane.catalog.models import Product
from simplane.delivery import formats
from simplane.lines.models import Line

register = template.Library()
_FEW = 3


@register.filter
def data_of(product: Product) -> str:
    """`5 GB`, `1 GB a day`, `unlimited`."""
    if product.data_bytes is None:
        return "unlimited"
    return f"{amount(product.data_bytes)}{' a day' if product.daily else ''}"


@register.filter
def days_of(product: Product) -> str:
    """`7 days`."""
    return "1 day" if product.days == 1 else f"{product.days} days"


@register.filter
def countries_of(product: Product) -> str:
    """`France, Spain + 28`."""
    return formats.countries(product.countries, formats="en", most=_FEW)


@register.filter
def data_left(line: Line) -> str:
    """`1.2 GB of 5 GB`, as far as the supplier told."""
    if line.data_used is None:
        return "not measured"
    if not line.data_total:
        return f"{amount(line.data_used)} used"
    base = formats.counting_base(line.data_total)
    left = formats.data_amount(line.data_total - line.data_used, base=base, formats="en")
    return f"{left} of {amount(line.data_total)}"


def amount(size: int) -> str:
    """Bytes, counted as they were sold."""
    return formats.data_amount(size, base=formats.counting_base(size), formats="en")
