"""The menu of the hub: what there is, where, who sees it, and which key goes there (`g` then the letter)."""

from __future__ import annotations

from dataclasses import dataclass

from simplane.hub.standing import Standing


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu, shown to whom the page itself lets in."""

    section: str
    label: str
    url_name: str
    icon: str
    key: str
    permission: str


Group = tuple[str, tuple[Entry, ...]]
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
    shown = [(title, tuple(one for one in entries if hub.may(one.permission))) for title, entries in GROUPS]
    return [(title, entries) for title, entries in shown if entries]
