"""Who may do what on a company's pages and API: one table, permission to roles. Nothing else decides it.

A manager holds a permission for the teams they lead, an employee for themselves: `OWN_TEAMS`, `OWN`; the packages that
list people and lines narrow their rows by `Reach`.
"""

from __future__ import annotations

from collections.abc import Mapping

from simplane.organizations.models import CompanyRole as R

PERMISSIONS: Mapping[str, frozenset[R]] = {
    "overview:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER, R.VIEWER}),
    "people:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER, R.VIEWER}),
    "people:write": frozenset({R.OWNER}),
    "lines:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER, R.VIEWER}),
    "lines:write": frozenset({R.OWNER, R.MANAGER}),
    "usage:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER, R.VIEWER}),
    "spend:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER}),
    "policies:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER, R.VIEWER}),
    "policies:write": frozenset({R.OWNER}),
    "budgets:write": frozenset({R.OWNER, R.FINANCE}),
    "approvals:decide": frozenset({R.OWNER, R.FINANCE, R.MANAGER}),
    "alerts:read": frozenset({R.OWNER, R.FINANCE, R.MANAGER, R.VIEWER}),
    "alerts:write": frozenset({R.OWNER, R.MANAGER}),
    "billing:read": frozenset({R.OWNER, R.FINANCE}),
    "billing:write": frozenset({R.OWNER, R.FINANCE}),
    "audit:read": frozenset({R.OWNER, R.FINANCE}),
    "settings:read": frozenset({R.OWNER}),
    "settings:write": frozenset({R.OWNER}),
    "own:read": frozenset(R),
    "own:write": frozenset(R),
}
NARROW = frozenset({R.MANAGER})
"""Roles whose permissions reach only the teams they lead (and everybody only their own under `own:`)."""
SCOPES = ("people:read", "people:write", "lines:read", "lines:write", "usage:read", "spend:read")
"""Permissions that an API key of a company may hold. It reaches all teams."""
SCOPE_WORDS: Mapping[str, str] = {
    "people:read": "see people, teams and cost centres",
    "people:write": "add, change and remove people",
    "lines:read": "see lines",
    "lines:write": "order, suspend, resume and end lines",
    "usage:read": "see usage",
    "spend:read": "see spend",
}
WORDS: Mapping[R, str] = {
    R.OWNER: "everything, and the settings",
    R.FINANCE: "spend, budgets, invoices and the audit log",
    R.MANAGER: "people, lines and approvals of their own teams",
    R.VIEWER: "look at people, lines, usage and policies",
    R.EMPLOYEE: "their own lines",
}


def allows(role: R, permission: str) -> bool:
    """Whether a role holds a permission. Raises KeyError for a permission that the table does not have."""
    return role in PERMISSIONS[permission]


def scopes_of(role: R) -> tuple[str, ...]:
    """Which scopes a key may have that somebody of this role makes: none for who holds permissions for some teams only."""
    return () if role in NARROW else tuple(one for one in SCOPES if allows(role, one))
