"""Addresses of invoices in the console."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.console import invoicing

pages: list[URLPattern] = [
    path("invoices/", invoicing.invoices, name="invoices"),
    path("invoices/run/", invoicing.invoices_run, name="invoices_run"),
    path("invoices/moves/<slug:slug>/", invoicing.move_confirm, name="move_confirm"),
    path("invoices/<str:public_id>/", invoicing.invoice, name="invoice"),
    path("invoices/<str:public_id>/pdf/", invoicing.invoice_pdf, name="invoice_pdf"),
    path("invoices/<str:public_id>/paid/", invoicing.invoice_paid, name="invoice_paid"),
    path("invoices/<str:public_id>/credit/", invoicing.invoice_credit, name="invoice_credit"),
]
