"""What invoices call the units of orders."""

from __future__ import annotations

from collections.abc import Sequence

from simplane.billing import port
from simplane.billing.port import Named
from simplane.billing.values import LineKind
from simplane.ordering.models import Unit
from simplane.organizations.models import Organization


def named(organization: Organization, units: Sequence[str]) -> dict[str, Named]:
    """Each by its product; data that fills a line that was there is a top-up."""
    rows = Unit.objects.filter(organization=organization, public_id__in=units)
    found = rows.values_list("public_id", "product__name", "product__sku", "tops_up_id")
    return {
        unit: Named(what=name, sku=sku, kind=LineKind.TOP_UP if filled else LineKind.PLAN)
        for unit, name, sku, filled in found
    }


def register() -> None:
    """Tell billing."""
    port.register_namer(named)
