"""Addresses of what a company pays and of its history."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import audit, billing, savings, spend, usage_page

pages: list[URLPattern] = [
    path("usage/", usage_page.usage, name="usage"),
    path("spend/", spend.spend, name="spend"),
    path("savings/", savings.savings_page, name="savings"),
    path("savings/look/", savings.savings_look, name="savings_look"),
    path("savings/<str:public_id>/apply/", savings.savings_apply, name="savings_apply"),
    path("savings/<str:public_id>/dismiss/", savings.savings_dismiss, name="savings_dismiss"),
    path("savings/<str:public_id>/reopen/", savings.savings_reopen, name="savings_reopen"),
    path("invoices/", billing.invoices, name="invoices"),
    path("invoices/<str:public_id>/", billing.invoice, name="invoice"),
    path("invoices/<str:public_id>/lines/<str:name>/", billing.invoice_line, name="invoice_line"),
    path("invoices/<str:public_id>/<str:name>/", billing.invoice_file, name="invoice_file"),
    path("audit/", audit.audit, name="audit"),
]
