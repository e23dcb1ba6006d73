"""Invoices: what a customer owes for a month, written once, proved, numbered and never changed."""
