"""What differs between the vendors for the contract suite: names, codes, and how their stand-ins are moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simplane.core.money import Money
from tests.standins import Standin

Move = Callable[[Standin, str, str], None]


@dataclass(frozen=True)
class Vendor:
    """One adapter under the contract. `offer` costs `price`; `other` is a second offer for the same country."""

    name: str
    standin: str
    vendor: str
    credentials: Mapping[str, Any]
    wrong_credentials: Mapping[str, Any]
    offer: str
    other: str
    price: Money
    supplier_price: str
    lookup: str
    """Operation of the stand-in that finds orders."""
    reading: str
    """Operation of the stand-in that reads a line."""
    missing_offer: str
    stages: Mapping[str, str]
    """Our words for a line's life and the stand-in's: installed, used, depleted, expired."""
    reprice: Callable[[Standin, str, int | None], Any]
    remove: Callable[[Standin, str], Any]
    size: int
    """Bytes of `offer`."""
    country: str
    days: int
    elsewhere: str
    """What can not be added to a line of `offer`."""
    slow: Mapping[str, Any]
    """Settings with which an order takes a minute."""
    webhook_setting: str
    tells: frozenset[str]
    """What it says: cost (of an order), networks, eid, end (of a plan), usage and reference (in webhooks)."""
    topping: str = "order"
    """Operation of the stand-in that tops up."""
    pausing: str = "suspend"
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def advance(self, standin: Standin, line_id: str, to: str, **fields: Any) -> None:
        """Move a line at the stand-in to one of our words, silently."""
        wish: dict[str, Any] = {"to": self.stages[to], "notify": False} | fields
        standin.control(f"lines/{line_id}/advance", **wish)


def _go(version: str) -> Vendor:
    return Vendor(
        name=f"esimgo-{version}",
        standin="esimgo",
        vendor="esimgo",
        credentials={"api_key": "esg_sandbox_key_0001"},
        wrong_credentials={"api_key": "not-the-key"},
        offer="esim_1GB_7D_GB_V2",
        other="esim_2GB_15D_GB_V2",
        price=Money(136, "USD"),
        supplier_price="1.36",
        lookup="orders",
        reading="esim",
        missing_offer="esim_9GB_9D_GB_V9",
        stages={name: name for name in ("installed", "used", "depleted", "expired")},
        reprice=lambda standin, code, minor: standin.control("catalogue/price", "POST", name=code, price_minor=minor),
        remove=lambda standin, code: standin.control("catalogue/remove", name=code),
        size=1_000_000_000,
        country="GB",
        days=7,
        elsewhere="esim_1GB_7D_CN_V2",
        slow={"async_seconds": 60},
        webhook_setting="callback_url",
        tells=frozenset({"cost", "networks", "eid", "end", "usage"}),
        options={"version": version},
        settings={"bundle_processing_seconds": 0.0},
    )


def _access_price(standin: Standin, code: str, minor: int | None) -> Any:
    return standin.control(f"packages/{code}", "POST", price=None if minor is None else minor * 100)


GO_25 = _go("2.5")
GO_24 = _go("2.4")
ACCESS = Vendor(
    name="esimaccess",
    standin="esimaccess",
    vendor="esimaccess",
    credentials={"access_code": "ea_sandbox_access_0001", "secret_key": "ea_sandbox_secret_0001"},
    wrong_credentials={"access_code": "ea_sandbox_access_0001", "secret_key": "not-the-secret"},
    offer="CKH002",
    other="CKH003",
    price=Money(180, "USD"),
    supplier_price="18000",
    lookup="query",
    reading="query",
    missing_offer="NOSUCH001",
    stages={"installed": "installed", "used": "used", "depleted": "depleted", "expired": "expired"},
    reprice=_access_price,
    remove=lambda standin, code: standin.control(f"packages/{code}", removed=True),
    size=3 << 30,
    country="ES",
    days=30,
    elsewhere="TOPUP_JC172",
    slow={"ready_after_ms": 60_000},
    webhook_setting="webhook_url",
    tells=frozenset({"networks", "eid", "end", "usage", "reference"}),
    topping="topup",
    settings={"ready_after_ms": 0, "require_signature": True},
)


def _offering(number: int) -> str:
    return f"prdoff_01JPX5Y7Z0{number:016d}"


def _one_price(standin: Standin, code: str, minor: int | None) -> Any:
    return standin.control(f"offerings/{code}", "POST", price=minor)


ONE = Vendor(
    name="oneglobal",
    standin="oneglobal",
    vendor="oneglobal",
    credentials={
        "client_id": "1g_sandbox_client",
        "client_secret": "1g_sandbox_secret_0001",
        "webhook_user": "simplane",
        "webhook_password": "1g_sandbox_hook_0001",
    },
    wrong_credentials={"client_id": "1g_sandbox_client", "client_secret": "not-the-secret"},
    offer=_offering(9),
    other=_offering(10),
    price=Money(540, "EUR"),
    supplier_price="540",
    lookup="subscribers",
    reading="subscription",
    missing_offer=_offering(999),
    stages={name: name for name in ("installed", "used", "depleted", "expired")},
    reprice=_one_price,
    remove=lambda standin, code: standin.control(f"offerings/{code}", removed=True),
    size=3 << 30,
    country="ES",
    days=30,
    elsewhere=_offering(13),
    slow={"ready_after_ms": 60_000},
    webhook_setting="webhook_url",
    tells=frozenset({"cost"}),
    pausing="deactivate",
    options={"account_id": "acc_01JPX5Y7Z00000000000000001", "purchase_location": "GB"},
    settings={"ready_after_ms": 0, "rate_limit_per_minute": 0},
)
VENDORS = (GO_25, GO_24, ACCESS, ONE)
