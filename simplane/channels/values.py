"""What crosses the border of this package: a shop's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from simplane.channels.errors import BadShopSettings

TestOrders = Literal["stand_in", "ignore"]
PartlyPaid = Literal["wait", "serve"]
LateRefund = Literal["propose", "do"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    """What the merchant decided. Every field has a default, so an empty `Shop.settings` is complete."""

    free_orders: bool = True
    """An order of 0.00 is served; False: it is held for a person."""
    test_orders: TestOrders = "stand_in"
    """`stand_in`: bought, but only at stand-in suppliers; `ignore`: not taken in at all."""
    partly_paid: PartlyPaid = "wait"
    """`wait`: until the rest is paid; `serve`: as if paid in full."""
    late_refund: LateRefund = "propose"
    """What the last step of the delivery clock does with units that were not delivered."""
    hold_high_risk: bool = False
    """An order the shop rates as high risk waits for a person before anything more is bought for it."""
    hold_above_units: int = 50
    """An order of more eSIMs than this waits for a person."""
    locale: str = "en"
    """Language of mails when the shop does not say which the buyer speaks."""

    def as_json(self) -> dict[str, Any]:
        """As `Shop.settings` stores it."""
        return asdict(self)


_CHOICES = {
    "test_orders": get_args(TestOrders),
    "partly_paid": get_args(PartlyPaid),
    "late_refund": get_args(LateRefund),
}
_TYPES = {"free_orders": bool, "hold_high_risk": bool, "hold_above_units": int, "locale": str}


def parse_settings(raw: Mapping[str, Any]) -> ShopSettings:
    """The typed settings of `Shop.settings`. Raises BadShopSettings that names the first wrong field."""
    known = {field.name for field in fields(ShopSettings)}
    unknown = sorted(set(raw) - known)
    if unknown:
        raise BadShopSettings(f"unknown setting {', '.join(unknown)}", fix=f"use one of {', '.join(sorted(known))}")
    for name, value in raw.items():
        _check(name, value)
    return ShopSettings(**raw)


def _check(name: str, value: object) -> None:
    choices = _CHOICES.get(name)
    if choices is not None:
        if value not in choices:
            raise BadShopSettings(f"{name} can not be {value!r}", fix=f"use one of {', '.join(choices)}")
        return
    wanted = _TYPES[name]
    if type(value) is not wanted:
        raise BadShopSettings(f"{name} can not be {value!r}", fix=f"give a {wanted.__name__}")
    if name == "hold_above_units" and int(str(value)) < 1:
        raise BadShopSettings("hold_above_units must be 1 or more")
