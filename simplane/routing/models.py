"""Which offer may serve which product, a person's rules, and a receipt of every decision."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from simplane.catalog.models import Product
from simplane.suppliers.models import Offer, Supplier


class Match(models.Model):
    """Equivalence of an offer to a product: a stored, reviewed fact. Only approved ones are routed to."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        REJECTED = "rejected"

    product = models.ForeignKey(Product, models.CASCADE, related_name="matches")
    offer = models.ForeignKey(Offer, models.CASCADE, related_name="matches")
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    score = models.PositiveSmallIntegerField(default=0)
    """0 to 100: how well the offer keeps the promise; below 100 `differences` says what is missing or more."""
    differences = models.JSONField(default=list)
    offer_hash = models.CharField(max_length=64)
    """The offer's content when it was reviewed; a change of content sends the match back to review."""
    proposed_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "offer"], name="match_one_a_pair")]
        indexes = [models.Index(fields=["product"], name="match_approved", condition=Q(state="approved"))]

    def __str__(self) -> str:
        return f"{self.product_id} = {self.offer_id} ({self.state})"


class Rule(models.Model):
    """A person's word on routing, for a product, a supplier, an offer or all (empty fields match everything)."""

    class Kind(models.TextChoices):
        EXCLUDE = "exclude", "never use"
        PIN = "pin", "use before all others"
        PREFER = "prefer", "add this much to its value"

    kind = models.CharField(max_length=10, choices=Kind)
    product = models.ForeignKey(Product, models.CASCADE, null=True, blank=True)
    supplier = models.ForeignKey(Supplier, models.CASCADE, null=True, blank=True)
    offer = models.ForeignKey(Offer, models.CASCADE, null=True, blank=True)
    amount_minor = models.BigIntegerField(default=0)
    """Of PREFER, in the price's currency; may be negative."""
    reason = models.CharField(max_length=200)
    active = models.BooleanField(default=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"


class Receipt(models.Model):
    """One routing decision: the facts as they were, each candidate, and why it won or lost. Never changed."""

    unit_id = models.BigIntegerField(null=True)
    product = models.ForeignKey(Product, models.PROTECT)
    decided_at = models.DateTimeField()
    chosen = models.ForeignKey(Offer, models.PROTECT, null=True)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    facts = models.JSONField()
    """Everything `rank` was given, so that it can be replayed exactly."""
    candidates = models.JSONField()
    """[{"offer_id", "supplier", "code", "value_minor", "verdict", "reasons": []}] best first."""
    version = models.PositiveSmallIntegerField()
    """Of the ranking function; a replay with another version says so."""

    class Meta:
        indexes = [models.Index(fields=["unit_id", "id"], name="receipt_of_unit")]

    def __str__(self) -> str:
        return f"receipt {self.pk}"
