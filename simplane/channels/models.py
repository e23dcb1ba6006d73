"""Shops, what their SKUs mean, what we wrote back to them, and the proof that nothing is missing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from simplane.catalog.models import Product
from simplane.core.crypto import SecretJSONField
from simplane.core.models import WorkItem
from simplane.ordering.models import Order
from simplane.organizations.models import Organization


class Shop(models.Model):
    """One store on one channel."""

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused", "blocked: wrong key, frozen, locked"
        UNINSTALLED = "uninstalled"

    organization = models.ForeignKey(Organization, models.PROTECT)
    key = models.SlugField(max_length=40, unique=True)
    """In our webhook address: /webhooks/shopify/<key>."""
    channel = models.CharField(max_length=20)
    domain = models.CharField(max_length=120)
    """`example.myshopify.com`: what the shop calls itself in webhooks."""
    api_url = models.CharField(max_length=200)
    """Base of the Admin API, normally https://<domain>; a stand-in's address outside production."""
    name = models.CharField(max_length=80)
    credentials = SecretJSONField()
    """shopify: {"client_id", "client_secret", "previous_client_secrets": []}"""
    settings = models.JSONField(default=dict)
    """Typed by `channels.values.ShopSettings`: free orders, test orders, refund after the last clock step, mail language."""
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    problem = models.CharField(max_length=300, blank=True)
    is_stand_in = models.BooleanField(default=False)
    access_token = SecretJSONField(null=True)
    """{"token", "expires_at"} of the client-credentials grant."""
    watermark = models.DateTimeField(null=True)
    """Reconciliation has seen everything updated before this."""
    subscriptions_at = models.DateTimeField(null=True)
    """When the webhook subscriptions were last looked after; null: never."""
    subscriptions_result = models.CharField(max_length=300, blank=True)
    """What came of it, in words."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "domain"], name="shop_one_a_domain")]

    def __str__(self) -> str:
        return self.key


class ChannelSku(models.Model):
    """What a shop's SKU or variant means: a product of ours, or nothing of ours."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="skus")
    sku = models.CharField(max_length=200, blank=True)
    variant = models.CharField(max_length=80, blank=True)
    product = models.ForeignKey(Product, models.PROTECT, null=True)
    """null: known and not ours (a phone case)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "sku"], condition=~Q(sku=""), name="channel_sku_once"),
            models.UniqueConstraint(fields=["shop", "variant"], condition=~Q(variant=""), name="channel_variant_once"),
        ]

    def __str__(self) -> str:
        return self.sku or self.variant


class WriteBack(WorkItem):
    """Telling the shop that units of an order were delivered: one call, written before it is made."""

    class State(models.TextChoices):
        WANTED = "wanted"
        CALLING = "calling"
        UNKNOWN = "unknown", "may have been executed"
        DONE = "done"
        FAILED = "failed"

    order = models.ForeignKey(Order, models.CASCADE, related_name="write_backs")
    shop = models.ForeignKey(Shop, models.PROTECT)
    number = models.PositiveSmallIntegerField()
    tracking = models.CharField(max_length=60, unique=True)
    """Our reference in the shop's fulfilment, read back before any repeat."""
    lines = models.JSONField(default=dict)
    """{external line id: quantity} of this call."""
    state = models.CharField(max_length=10, choices=State, default=State.WANTED)
    external_ids = models.JSONField(default=list)
    problem = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="write_back_number"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state__in=["wanted", "calling", "unknown"]),
                name="write_back_one_open_an_order",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="write_back_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.tracking


class Refund(WorkItem):
    """Money given back at the shop by us, proposed by the delivery clock or a person."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        WANTED = "wanted"
        UNKNOWN = "unknown", "may have been executed"
        DONE = "done"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn", "withdrawn: delivered meanwhile"
        FAILED = "failed"

    class Origin(models.TextChoices):
        CLOCK = "clock", "the delivery clock"
        PERSON = "person"

    order = models.ForeignKey(Order, models.CASCADE, related_name="refunds")
    shop = models.ForeignKey(Shop, models.PROTECT)
    key = models.UUIDField(unique=True)
    """Idempotency key at the shop."""
    request = models.JSONField(null=True)
    """{"input", "first_at"}: exactly what is sent under `key`, kept because a repeat must be the same; null: not sent."""
    lines = models.JSONField()
    """{external line id: quantity}; empty: a sum of money for no unit in particular."""
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.PERSON)
    """Who proposed it. What the clock proposed is withdrawn when the eSIMs are delivered after all."""
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    external_id = models.CharField(max_length=120, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=["proposed", "wanted", "unknown"]), name="refund_one_open"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="refund_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"refund of order {self.order_id}"


class Reconciliation(models.Model):
    """One comparison of a shop with us: orders at the shop = orders here + named exceptions."""

    shop = models.ForeignKey(Shop, models.CASCADE, related_name="reconciliations")
    kind = models.CharField(max_length=10)
    """recent | full"""
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    at_shop = models.PositiveIntegerField(default=0)
    here = models.PositiveIntegerField(default=0)
    recovered = models.PositiveIntegerField(default=0)
    """Found missing and taken in now."""
    exceptions = models.JSONField(default=list)
    """[{"order", "name", "why"}]"""
    balanced = models.BooleanField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["shop", "-started_at"], name="reconciliation_newest")]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.started_at:%Y-%m-%d %H:%M}"
