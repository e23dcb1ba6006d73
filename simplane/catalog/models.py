"""What we promise (products), what we ask for it (prices), and what a currency is worth."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from simplane.core import clock


class ClockStart(models.TextChoices):
    """When the days of a plan begin to count."""

    INSTALL = "install", "when installed"
    FIRST_USE = "first_use", "at first connection"
    PURCHASE = "purchase", "when bought"


class Product(models.Model):
    """A SKU: exactly what a buyer was promised. Offers must be equal or better to serve it."""

    sku = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    countries = ArrayField(models.CharField(max_length=2))
    """ISO 3166-1 alpha-2, upper case, sorted, not empty."""
    data_bytes = models.BigIntegerField(null=True)
    """Total data, or data a day when `daily`; null = unlimited."""
    daily = models.BooleanField(default=False)
    days = models.PositiveSmallIntegerField()
    clock_start = models.CharField(max_length=10, choices=ClockStart, default=ClockStart.FIRST_USE)
    """The earliest start that still keeps the promise."""
    top_up = models.BooleanField(default=False)
    hotspot = models.BooleanField(default=False)
    voice_minutes = models.PositiveIntegerField(default=0)
    sms_count = models.PositiveIntegerField(default=0)
    carrier = models.CharField(max_length=80, blank=True)
    """Only when a carrier by name was promised."""
    min_margin_minor = models.BigIntegerField(default=0)
    """Routing refuses an offer that leaves less than this, in the price's currency."""
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(data_bytes__isnull=True) | Q(data_bytes__gt=0), name="product_data"),
            models.CheckConstraint(condition=Q(days__gt=0), name="product_days"),
            models.CheckConstraint(condition=~Q(countries=[]), name="product_countries"),
        ]

    def __str__(self) -> str:
        return self.sku


class Price(models.Model):
    """A list price with its dates. The one valid at a moment is the latest whose `valid_from` has passed."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "currency", "valid_from"], name="price_one_a_moment"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.amount_minor} {self.currency}"


class ExchangeRate(models.Model):
    """Units of `quote` for one `base`, from a moment on: used to compare costs with prices, never to book money."""

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    valid_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "valid_from"], name="rate_one_a_moment"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.rate}"
