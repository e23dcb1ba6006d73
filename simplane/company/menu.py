"""The menu of a company's pages: what there is, where, who sees it, and which key goes there (`g` then the letter)."""

from __future__ import annotations

from simplane.company.standing import Standing
from simplane.ui.menu import Entry, Group, shown_to

GROUPS: tuple[Group, ...] = (
    (
        "",
        (
            Entry("overview", "Overview", "company:overview", "today", "o", "overview:read"),
            Entry("mine", "My lines", "company:mine", "user", "y", "own:read"),
        ),
    ),
    (
        "People",
        (
            Entry("people", "Employees", "company:people", "people", "e", "people:read"),
            Entry("lines", "Lines", "company:lines", "esim", "l", "lines:read"),
            Entry("teams", "Teams", "company:teams", "partner", "m", "people:read"),
            Entry("members", "Members", "company:members", "key", "u", "settings:read"),
            Entry("cost_centres", "Cost centres", "company:cost_centres", "ledger", "c", "people:read"),
        ),
    ),
    (
        "Rules",
        (
            Entry("approvals", "Approvals", "company:approvals", "check", "a", "approvals:decide"),
            Entry("alerts", "Alerts", "company:alerts", "bell", "t", "alerts:read"),
            Entry("rules", "Rules", "company:rules", "route", "r", "policies:read"),
            Entry("budgets", "Budgets", "company:budgets", "money", "b", "spend:read"),
        ),
    ),
    (
        "Use and money",
        (
            Entry("usage", "Usage", "company:usage", "chart", "n", "usage:read"),
            Entry("spend", "Spend", "company:spend", "card", "s", "spend:read"),
            Entry("savings", "Savings", "company:savings", "down", "v", "spend:read"),
            Entry("billing", "Invoices", "company:invoices", "ledger", "i", "billing:read"),
            Entry("audit", "Audit log", "company:audit", "audit", "h", "audit:read"),
        ),
    ),
    (
        "Account",
        (Entry("settings", "Settings", "company:settings", "gear", "d", "settings:read"),),
    ),
)


def menu_for(company: Standing) -> list[Group]:
    """The entries that a person may open, without empty groups."""
    return shown_to(GROUPS, company.may)
