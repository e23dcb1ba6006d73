"""Monthly invoices as they were written, and the series of their numbers."""

from __future__ import annotations

from django.db import models

from simplane.organizations.models import Organization


class InvoiceSeries(models.Model):
    """The last number given to a monthly invoice of a year: taken with the invoice or not at all, so there are no gaps."""

    year = models.PositiveSmallIntegerField(unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year} {self.last}"


class MonthlyInvoice(models.Model):
    """What a reseller bought in a month and how it was paid, as it was written: a trigger refuses every change."""

    organization = models.ForeignKey(Organization, models.PROTECT)
    number = models.CharField(max_length=20, unique=True)
    month = models.DateField()
    """The first of the month, UTC."""
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    content = models.JSONField()
    """`invoice_values.Content`: seller, buyer, lines, movements."""
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency", "month"], name="monthly_invoice_once")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total_minor(self) -> int:
        """Net and tax together."""
        return self.net_minor + self.tax_minor
