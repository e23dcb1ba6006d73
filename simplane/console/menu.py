"""The menu of the console: what there is, where, and which key goes there (`g` then the letter)."""

from __future__ import annotations

from simplane.ui.menu import Entry, Group

GROUPS: tuple[Group, ...] = (
    (
        "",
        (
            Entry("today", "Today", "console:today", "today", "t"),
            Entry("stuck", "Stuck", "console:stuck", "stuck", "s"),
            Entry("alerts", "Alerts", "console:alerts", "bell", "a"),
        ),
    ),
    (
        "Sales",
        (
            Entry("orders", "Orders", "console:orders", "orders", "o"),
            Entry("customers", "Customers", "console:customers", "people", "c"),
            Entry("lines", "eSIMs", "console:lines", "esim", "e"),
            Entry("mail", "Mail", "console:mails", "mail", "n"),
        ),
    ),
    (
        "Wholesale",
        (
            Entry("resellers", "Resellers", "console:resellers", "partner", "w"),
            Entry("companies", "Companies", "console:companies", "user", "x"),
            Entry("prices", "Prices", "console:prices", "money", "b"),
            Entry("payments", "Payments", "console:top_ups", "card", "y"),
            Entry("invoices", "Invoices", "console:invoices", "audit", "q"),
            Entry("approvals", "Approvals", "console:approvals", "check", "v"),
            Entry("ledger", "Ledger", "console:trial_balance", "ledger", "d"),
        ),
    ),
    (
        "Catalogue",
        (
            Entry("products", "Products", "console:products", "product", "p"),
            Entry("offers", "Offers", "console:offers", "offer", "f"),
            Entry("matching", "Matching", "console:matching", "match", "m"),
            Entry("routing", "Routing", "console:routing", "route", "r"),
            Entry("skus", "Shop SKUs", "console:skus", "sku", "k"),
        ),
    ),
    (
        "Connections",
        (
            Entry("suppliers", "Suppliers", "console:suppliers", "supplier", "u"),
            Entry("shops", "Shops", "console:shops", "shop", "h"),
            Entry("inbox", "Webhooks", "console:inbox", "inbox", "i"),
        ),
    ),
    (
        "System",
        (
            Entry("jobs", "Jobs", "console:jobs", "jobs", "j"),
            Entry("audit", "Audit log", "console:audit", "audit", "l"),
        ),
    ),
)
