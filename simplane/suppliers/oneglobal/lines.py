"""The state of a line at 1GLOBAL Connect, normalised: its subscription, its profile, its products (reference 7.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from simplane.core.money import Money
from simplane.core.telecom import activation_code, clean_iccid
from simplane.suppliers.oneglobal import catalogue, wire
from simplane.suppliers.values import IssuedLine, LineStatus

SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "active": "active",
        "grace": "suspended",
        "suspended": "suspended",
        "deactivated": "suspended",
        "canceled": "terminated",
        "terminated": "terminated",
    }
)
PROFILES: Mapping[str, str] = MappingProxyType(
    {
        "ready_for_installation": "released",
        "released": "released",
        "downloaded": "downloaded",
        "installed": "installed",
        "enabled": "enabled",
        "disabled": "disabled",
        "deleted": "deleted",
    }
)
"""By lower-case word; others mean nothing to us."""
_WAITING = ("pending", "scheduled")
_LIVING = (*_WAITING, "active", "depleted")


def profile(word: str) -> str | None:
    """Our word for a profile's status."""
    return PROFILES.get(word.lower())


def plan(products: Sequence[wire.Product]) -> str | None:
    """One word for all products: the one that says what the phone has now."""
    words = {product.status for product in products}
    if "active" in words:
        return "active"
    if words & set(_WAITING):
        return "queued"
    return "depleted" if "depleted" in words else "expired" if words else None


def data(products: Sequence[wire.Product]) -> tuple[int, int | None]:
    """Bytes used and bytes in all (None: unlimited) of the products that count: living ones, else those that ended."""
    counting = [product for product in products if product.status in _LIVING] or list(products)
    balances = [one for product in counting for one in product.balances if one.allowance_type == "data"]
    unlimited = any(one.type == "unlimited" or one.initial is None for one in balances)
    used = sum(one.bytes(one.spent) for one in balances)
    return used, None if unlimited else sum(one.bytes(one.initial or 0) for one in balances)


def status(line: wire.Subscription, products: Sequence[wire.Product], at: datetime) -> LineStatus:
    """A line as two reads show it at `at`. When its plan ends is not published."""
    inside = line.embedded.sim_profile
    used, whole = data(products)
    return LineStatus(
        at=at,
        profile=profile(inside.profile_status) if inside else None,
        plan=plan(products),
        service=SERVICES.get(line.status),
        data_total=whole,
        data_used=used if products else None,
        usage_at=at if products else None,
        raw={"status": line.status, "products": [product.status for product in products]},
    )


def issued(line: wire.Subscription | None, order_id: str, cost: Money | None) -> IssuedLine | None:
    """The eSIM, or None while its profile is not there yet."""
    inside = line.embedded.sim_profile if line else None
    if line is None or inside is None or not inside.matching_id or not inside.smdp_address:
        return None
    return IssuedLine(
        order_id=order_id,
        line_id=line.id,
        iccid=clean_iccid(inside.iccid),
        code=activation_code(inside.smdp_address, inside.matching_id),
        cost=cost,
    )


def cost(products: Sequence[wire.Product]) -> Money | None:
    """What the products of one order were charged."""
    return catalogue.total(price for product in products for price in product.prices)
