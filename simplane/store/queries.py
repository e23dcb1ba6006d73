"""What a page needs from the tables: a handful of queries by key, nothing personal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simplane.core.errors import NotFound
from simplane.delivery.models import InstallLink
from simplane.ordering.models import Order, Unit

_TOKEN = re.compile(r"[0-9a-z]{20,40}")


class LinkWithdrawn(NotFound):
    """This link was valid once."""

    status = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """One unit with its order, product and line, and its place among the eSIMs of the order."""

    unit: Unit
    number: int
    count: int


def live_link(token: str, *, of_order: bool) -> InstallLink:
    """The link of a unit's or an order's page. Raises NotFound, or LinkWithdrawn when it was revoked."""
    found = InstallLink.objects.filter(token=token).first() if _TOKEN.fullmatch(token) else None
    if found is None or (found.unit_id is None) != of_order:
        raise NotFound("there is no such link")
    if found.revoked_at is not None:
        raise LinkWithdrawn("this link was withdrawn")
    return found


def unit_facts(unit_id: int) -> UnitFacts:
    """Raises NotFound when the unit is gone."""
    unit = Unit.objects.select_related("order", "product", "line").filter(pk=unit_id).first()
    if unit is None:
        raise NotFound("there is no such eSIM")
    together = list(Unit.objects.filter(order_id=unit.order_id).order_by("pk").values_list("pk", flat=True))
    return UnitFacts(unit=unit, number=together.index(unit.pk) + 1, count=len(together))


def order_facts(order_id: int) -> tuple[Order, list[UnitFacts]]:
    """An order and all its units. Raises NotFound when it is gone."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise NotFound("there is no such order")
    units = list(Unit.objects.select_related("order", "product", "line").filter(order_id=order_id).order_by("pk"))
    return order, [UnitFacts(unit=one, number=at, count=len(units)) for at, one in enumerate(units, start=1)]


def live_tokens(order_id: int) -> dict[int, str]:
    """Tokens of the units' live links, by unit."""
    rows = InstallLink.objects.filter(order_id=order_id, unit_id__isnull=False, revoked_at__isnull=True)
    return {unit_id: token for unit_id, token in rows.values_list("unit_id", "token") if unit_id is not None}
