"""The menu of the hub: what there is, where, who sees it, and which key goes there (`g` then the letter)."""

from __future__ import annotations

from simplane.hub.standing import Standing
from simplane.ui.menu import Entry, Group, shown_to

GROUPS: tuple[Group, ...] = (
    ("", (Entry("overview", "Overview", "hub:overview", "today", "o", "orders:read"),)),
    (
        "Shop",
        (
            Entry("catalogue", "Catalogue", "hub:catalogue", "product", "c", "prices:read"),
            Entry("cart", "Cart", "hub:cart", "buy", "b", "orders:write"),
            Entry("orders", "Orders", "hub:orders", "orders", "r", "orders:read"),
            Entry("usage", "eSIMs", "hub:usage", "esim", "e", "orders:read"),
            Entry("wallet", "Wallet", "hub:wallet", "money", "w", "wallet:read"),
        ),
    ),
    (
        "Build",
        (
            Entry("keys", "API keys", "hub:keys", "key", "k", "keys:manage"),
            Entry("webhooks", "Webhooks", "hub:webhooks", "hook", "h", "webhooks:manage"),
        ),
    ),
    (
        "Account",
        (
            Entry("team", "Team", "hub:team", "people", "t", "team:manage"),
            Entry("branding", "Branding", "hub:branding", "brush", "l", "branding:manage"),
            Entry("profile", "Settings", "hub:profile", "gear", "s", "profile:manage"),
        ),
    ),
)


def menu_for(hub: Standing) -> list[Group]:
    """The entries that a person may open, without empty groups."""
    return shown_to(GROUPS, hub.may)
