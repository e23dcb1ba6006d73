"""What we promise (products), what we ask for it (prices), and what a currency is worth."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from simplane.core import clock
from simplane.organizations.models import Organization


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
    set_by = models.CharField(max_length=120, blank=True)
    floor_minor = models.BigIntegerField(null=True)
    """Approved although it leaves less than its product's least margin: how little it may leave. Null: no exception."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "currency", "valid_from"], name="price_one_a_moment"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="price_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["product", "currency", "amount_minor"],
                name="price_exception",
                condition=Q(floor_minor__isnull=False),
            )
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


class Tier(models.Model):
    """A step of the wholesale price list, reached by volume."""

    name = models.CharField(max_length=40, unique=True)
    min_monthly_units = models.PositiveIntegerField()
    """Units bought in the last 30 days that lead here."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["min_monthly_units"], name="tier_one_a_volume")]

    def __str__(self) -> str:
        return self.name


class Terms(models.Model):
    """What a reseller agreed with us: its currency and its tier. A test twin has none and uses those of its live side."""

    organization = models.OneToOneField(Organization, models.PROTECT, primary_key=True, related_name="terms")
    currency = models.CharField(max_length=3)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True)
    tier_pinned = models.BooleanField(default=False)
    """A person chose the tier; volume does not change it."""
    max_order_minor = models.BigIntegerField(null=True)
    """A single order above this is refused."""

    def __str__(self) -> str:
        return f"{self.organization_id} {self.currency}"


class WholesalePrice(models.Model):
    """A price for one tier or for one customer, with its dates. Of several valid ones the latest `valid_from` counts."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="wholesale_prices")
    tier = models.ForeignKey(Tier, models.CASCADE, null=True)
    organization = models.ForeignKey(Organization, models.CASCADE, null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    proposed_by = models.CharField(max_length=120)
    approved_by = models.CharField(max_length=120, blank=True)
    """Whoever set it; of a price below its product's least margin the second person. Empty: it is not used."""
    approved_at = models.DateTimeField(null=True)
    floor_minor = models.BigIntegerField(null=True)
    """As of a list price: an approved exception may leave so little."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__isnull=True) ^ Q(organization__isnull=True), name="wholesale_price_for_one"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="wholesale_price_not_negative"),
            models.CheckConstraint(
                condition=Q(approved_by="", approved_at__isnull=True)
                | Q(approved_at__isnull=False) & ~Q(approved_by=""),
                name="wholesale_price_approved",
            ),
            models.UniqueConstraint(
                fields=["tier", "organization", "product", "currency", "valid_from"],
                name="wholesale_price_one_a_moment",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "product", "currency", "-valid_from"],
                name="wholesale_price_customer",
                condition=Q(organization__isnull=False, approved_at__isnull=False),
            ),
            models.Index(
                fields=["tier", "product", "currency", "-valid_from"],
                name="wholesale_price_tier",
                condition=Q(tier__isnull=False, approved_at__isnull=False),
            ),
            models.Index(
                fields=["product", "currency", "amount_minor"],
                name="wholesale_price_exception",
                condition=Q(floor_minor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.amount_minor} {self.currency}"


class PriceProposal(models.Model):
    """A price that would leave less than the least margin: it waits for a second person. Neither: a list price."""

    class State(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        DECLINED = "declined"

    product = models.ForeignKey(Product, models.CASCADE, related_name="price_proposals")
    tier = models.ForeignKey(Tier, models.CASCADE, null=True)
    organization = models.ForeignKey(Organization, models.CASCADE, null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    valid_from = models.DateTimeField(null=True)
    """Null: from its approval on."""
    valid_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)
    left_minor = models.BigIntegerField()
    """What it left of the cheapest cost when it was proposed, in its currency."""
    least_minor = models.BigIntegerField()
    """What the product should leave at least."""
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    proposed_by = models.CharField(max_length=120)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=200, blank=True)
    """Why it was approved or declined."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__isnull=True) | Q(organization__isnull=True), name="price_proposal_for_one"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(decided_by=F("proposed_by")), name="price_proposal_four_eyes"
            ),
            models.UniqueConstraint(
                fields=["product", "tier", "organization", "currency", "valid_from"],
                name="price_proposal_one_waiting",
                condition=Q(state="waiting"),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.amount_minor} {self.currency}"


class MarkupRule(models.Model):
    """How a tier's or a customer's prices are made from today's cost. A rule is ended by the next one, never changed."""

    tier = models.ForeignKey(Tier, models.CASCADE, null=True)
    organization = models.ForeignKey(Organization, models.CASCADE, null=True)
    currency = models.CharField(max_length=3)
    percent = models.DecimalField(max_digits=7, decimal_places=2)
    """Of the cost, added to it."""
    least_minor = models.BigIntegerField()
    """But at least so much is added."""
    step_minor = models.BigIntegerField(default=1)
    ending_minor = models.BigIntegerField(default=0)
    """Rounded up to a multiple of the step plus the ending: 100 and 90 is x.90."""
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.CharField(max_length=120)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__isnull=True) ^ Q(organization__isnull=True), name="markup_for_one"
            ),
            models.CheckConstraint(
                condition=Q(
                    percent__gte=0,
                    least_minor__gte=0,
                    step_minor__gt=0,
                    ending_minor__gte=0,
                    ending_minor__lt=F("step_minor"),
                ),
                name="markup_amounts",
            ),
            models.UniqueConstraint(
                fields=["tier", "organization", "currency"],
                name="markup_one_in_force",
                condition=Q(valid_until__isnull=True),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"markup {self.pk}"


class Quote(models.Model):
    """A price promised to one organization until it expires; used once."""

    public_id = models.CharField(max_length=32, unique=True)
    organization = models.ForeignKey(Organization, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE)
    quantity = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    """For one unit."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="quote_quantity"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="quote_not_negative"),
        ]

    def __str__(self) -> str:
        return self.public_id
