"""Who may do what in the hub: one table, permission to roles. Nothing else decides it."""

from __future__ import annotations

from collections.abc import Mapping

from simplane.organizations.models import Role

_ALL = frozenset(Role)
_OWNER = frozenset({Role.OWNER})

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "orders:read": _ALL,
    "orders:write": _OWNER | {Role.BUYER, Role.DEVELOPER},
    "prices:read": _ALL,
    "wallet:read": _OWNER | {Role.FINANCE, Role.BUYER, Role.VIEWER},
    "wallet:topup": _OWNER | {Role.FINANCE},
    "keys:manage": _OWNER | {Role.DEVELOPER},
    "webhooks:manage": _OWNER | {Role.DEVELOPER},
    "branding:manage": _OWNER | {Role.BUYER},
    "profile:manage": _OWNER | {Role.FINANCE},
    "team:manage": _OWNER,
}
SCOPES: Mapping[str, str] = {
    "catalogue:read": "prices:read",
    "orders:read": "orders:read",
    "orders:write": "orders:write",
    "esims:write": "orders:write",
    "wallet:read": "wallet:read",
    "wallet:write": "wallet:topup",
    "webhooks:write": "webhooks:manage",
}
"""Scopes of an API key, and the permission that a person needs to make a key with it."""
WORDS: Mapping[Role, str] = {
    Role.OWNER: "everything, and the team",
    Role.FINANCE: "wallet, top-ups, statements and the company's data",
    Role.BUYER: "order, send and refund eSIMs; how the install page looks",
    Role.DEVELOPER: "API keys, webhooks and orders",
    Role.VIEWER: "look at orders, prices and the wallet",
}


def allows(role: Role, permission: str) -> bool:
    """Whether a role holds a permission. Raises KeyError for a permission that the table does not have."""
    return role in PERMISSIONS[permission]


def scopes_of(role: Role) -> tuple[str, ...]:
    """Which scopes a key may have that somebody of this role makes: none that the role itself lacks."""
    return tuple(scope for scope, permission in SCOPES.items() if allows(role, permission))
