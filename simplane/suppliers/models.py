"""Suppliers, what they sell, and every attempt to buy from them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from simplane.core.crypto import SecretJSONField
from simplane.core.models import WorkItem


class Supplier(models.Model):
    """One account at one vendor. `vendor` names the adapter in the registry; two accounts at one vendor are two rows."""

    code = models.SlugField(max_length=40, unique=True)
    vendor = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    base_url = models.CharField(max_length=200)
    credentials = SecretJSONField()
    """esimgo: {"api_key", "previous_api_keys": []}; esimaccess: {"access_code", "secret_key"};
    oneglobal: {"client_id", "client_secret", "webhook_user", "webhook_password", "previous_webhook_passwords": []}."""
    webhook_token = models.CharField(max_length=64)
    """Unguessable part of our webhook address at this supplier."""
    options = models.JSONField(default=dict)
    """Typed by `suppliers.values.SupplierOptions`: version, rate, bulkhead, time-outs, settle time, tolerance."""
    upstream_group = models.CharField(max_length=40)
    """Suppliers that fail together (same network or wholesaler underneath) share a group."""
    active = models.BooleanField(default=True)
    paused_reason = models.CharField(max_length=200, blank=True)
    """Not empty: no new purchases (empty balance, wrong key, a person's wish)."""
    paused_until = models.DateTimeField(null=True)
    is_stand_in = models.BooleanField(default=False)
    float_minor = models.BigIntegerField(null=True)
    float_currency = models.CharField(max_length=3, blank=True)
    float_at = models.DateTimeField(null=True)
    float_low_minor = models.BigIntegerField(default=0)
    """Below this somebody is told."""
    handling_minor = models.BigIntegerField(default=0)
    """What one order at this supplier costs us in work, in the price's currency."""

    def __str__(self) -> str:
        return self.code


class Offer(models.Model):
    """One thing a supplier sells, normalised. Rows are kept for ever; `state` says whether it may be bought."""

    class State(models.TextChoices):
        ACTIVE = "active"
        REVIEW = "review", "price or content changed: a person must look"
        VANISHED = "vanished", "no longer in the supplier's catalogue"

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="offers")
    code = models.CharField(max_length=120)
    name = models.CharField(max_length=200)
    countries = ArrayField(models.CharField(max_length=2))
    data_bytes = models.BigIntegerField(null=True)
    """Total, or a day when `daily`; null = unlimited."""
    daily = models.BooleanField(default=False)
    days = models.PositiveSmallIntegerField()
    clock_start = models.CharField(max_length=10)
    top_up = models.BooleanField(default=False)
    hotspot = models.BooleanField(null=True)
    """null: the supplier does not say."""
    voice_minutes = models.PositiveIntegerField(default=0)
    sms_count = models.PositiveIntegerField(default=0)
    networks = models.JSONField(default=list)
    """[{"country": "ES", "operator": "Movistar", "technology": "5G"}]"""
    unused_days = models.PositiveSmallIntegerField(null=True)
    """Days until a never-installed profile dies."""
    cost_minor = models.BigIntegerField()
    """Rounded up to the currency's minor unit; the supplier's own figure is in `raw`."""
    currency = models.CharField(max_length=3)
    supplier_price = models.CharField(max_length=40)
    """The price as the supplier writes it, for its own price check when buying."""
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    review_reason = models.CharField(max_length=200, blank=True)
    content_hash = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    """When the row was last written while listed; an unchanged row is not written (`catalog_queries.with_last_seen`)."""
    changed_at = models.DateTimeField(null=True)
    raw = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["supplier", "code"], name="offer_one_a_code")]
        indexes = [
            models.Index(fields=["days", "data_bytes"], name="offer_size"),
            models.Index(fields=["state"], name="offer_not_active", condition=~Q(state="active")),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id}/{self.code}"


class OfferChange(models.Model):
    """What a catalogue sync found changed: new, price, content, vanished, back. The history of an offer."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="changes")
    run = models.ForeignKey("CatalogRun", models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.offer_id} {self.kind}"


class CatalogRun(models.Model):
    """One pull of one supplier's catalogue and what it changed."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="catalog_runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    """{"rows", "new", "price", "content", "vanished", "back", "unchanged", "quarantined"}"""
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.started_at:%Y-%m-%d %H:%M}"


class QuarantinedOffer(models.Model):
    """A catalogue row we could not understand, with the reason; it is never sold."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="quarantine")
    code = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    raw = models.JSONField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["supplier", "code"], name="quarantine_one_a_code")]

    def __str__(self) -> str:
        return f"{self.supplier_id}/{self.code}: {self.reason}"


class Purchase(WorkItem):
    """One attempt at one supplier, written before the call.

    The partial unique index is the law that nothing is bought twice: while an attempt may have been executed
    (requested, pending, unknown) or was (bought), the database refuses a second one for the same unit.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "asked, no answer yet"
        BOUGHT = "bought"
        PENDING = "pending", "the supplier works on it"
        REJECTED = "rejected", "surely not bought"
        UNKNOWN = "unknown", "may have been bought"
        CANCELLED = "cancelled", "bought, then given back"

    unit_id = models.BigIntegerField()
    """The unit it serves (ordering lies above, so no foreign key)."""
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="purchases")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="purchases")
    reference = models.CharField(max_length=50, unique=True)
    """Our attempt key; the supplier's idempotency key where it has one."""
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    cost_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    supplier_price = models.CharField(max_length=40, default="", db_default="")
    """The offer's price in the supplier's own notation when the purchase was decided on."""
    supplier_order_id = models.CharField(max_length=120, blank=True)
    supplier_line_id = models.CharField(max_length=120, blank=True)
    """Of the line that was bought. A top-up names the line that it fills from the beginning."""
    outcome = models.CharField(max_length=12, blank=True)
    """ok | accepted | not_ready | retryable | blocked | permanent | unknown (reference, section 0)."""
    error_code = models.CharField(max_length=60, blank=True)
    error_text = models.CharField(max_length=500, blank=True)
    requested_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    """When the supplier last told us unasked that the order moved: a reason to ask, no proof."""
    refunded_minor = models.BigIntegerField(default=0)
    trace = models.JSONField(default=list)
    """Redacted calls of this attempt: [{"at", "method", "url", "status", "ms", "request", "response"}]."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit_id"],
                condition=Q(state__in=["requested", "pending", "unknown", "bought"]),
                name="purchase_never_twice",
            ),
            models.UniqueConstraint(
                fields=["supplier", "supplier_order_id"],
                condition=~Q(supplier_order_id=""),
                name="purchase_owns_its_order",
            ),
        ]
        indexes = [
            models.Index(fields=["unit_id", "id"], name="purchase_of_unit"),
            models.Index(
                fields=["supplier", "offer"],
                name="purchase_open",
                condition=Q(state__in=["requested", "pending", "unknown"]),
            ),
            models.Index(fields=["supplier", "-requested_at"], name="purchase_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.state}"
