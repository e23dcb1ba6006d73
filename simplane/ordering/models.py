"""Orders of all books, what they owe (units), and who bought."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from simplane.catalog.models import Product
from simplane.core.models import WorkItem
from simplane.lines.models import Line
from simplane.organizations.models import Organization
from simplane.suppliers.models import Purchase


class Customer(models.Model):
    """A person who bought. Redaction empties the personal fields and keeps the row for the books."""

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    email = models.CharField(max_length=320)
    """Lower case; `redacted:<id>` after redaction."""
    name = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    locale = models.CharField(max_length=10, default="en")
    created_at = models.DateTimeField()
    redacted_at = models.DateTimeField(null=True)
    hold_reason = models.CharField(max_length=200, blank=True)
    """Not empty: new orders wait for a person (dispute)."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "email"], name="customer_one_an_email")]
        indexes = [models.Index(fields=["email"], name="customer_email_prefix", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return self.email


class Order(models.Model):
    """One order of one book at one account (a shop, a reseller, a company).

    What orders, lines and units name is never removed, so no foreign key looks for each (migration 0010, `loose.py`).
    """

    class State(models.TextChoices):
        AWAITING_PAYMENT = "awaiting_payment", "awaiting payment"
        HELD = "held", "held for a person"
        OPEN = "open", "being served"
        DONE = "done"
        CANCELLED = "cancelled"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, db_constraint=False)
    public_id = models.CharField(max_length=32)
    book = models.CharField(max_length=12)
    """retail | wholesale | company"""
    account = models.CharField(max_length=80)
    """Key of the shop, reseller or company the order came from."""
    external_id = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    """As people call it: `#1001`."""
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders", db_index=False, db_constraint=False)
    state = models.CharField(max_length=20, choices=State)
    hold_reason = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    shown_currency = models.CharField(max_length=3, blank=True)
    shown_total_minor = models.BigIntegerField(null=True)
    refunded_minor = models.BigIntegerField(default=0)
    is_test = models.BooleanField(default=False)
    locale = models.CharField(max_length=10, default="en")
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    source_updated_at = models.DateTimeField(null=True)
    """The shop's own version clock; an older message never overwrites a newer one."""
    source_message_id = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    clock_started_at = models.DateTimeField(null=True)
    """When the delivery clock began to run: paid and accepted."""
    clock_step = models.PositiveSmallIntegerField(default=0)
    """Steps taken: 0 in time, 1 late, 2 customer told, 3 person paged, 4 refund proposed or done."""
    clock_next_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    """When the last unit owed was delivered."""
    test_fault = models.CharField(max_length=8, blank=True, default="", db_default="")
    """Of an order of a test twin: what its stand-in supplier shall do wrong (timeout, refusal, late, low_data)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "account", "external_id"], name="order_once"),
            # Not `unique=True` on the column: that makes a second index for LIKE, and each costs every order.
            models.UniqueConstraint(fields=["public_id"], name="order_public_id"),
        ]
        indexes = [
            models.Index(fields=["-received_at"], name="order_newest"),
            models.Index(fields=["organization", "-received_at"], name="order_of_organization"),
            models.Index(fields=["clock_next_at"], name="order_clock", condition=Q(clock_next_at__isnull=False)),
            models.Index(fields=["state"], name="order_unfinished", condition=~Q(state__in=["done", "cancelled"])),
            models.Index(fields=["customer", "-received_at"], name="order_of_customer"),
            models.Index(fields=["name"], name="order_by_name"),
            models.Index(fields=["external_id"], name="order_by_shop_number"),
        ]

    def __str__(self) -> str:
        return self.name


class OrderLine(models.Model):
    """One line of an order as the shop wrote it. Only lines mapped to a product owe units."""

    class State(models.TextChoices):
        MAPPED = "mapped"
        NEEDS_MAPPING = "needs_mapping", "SKU unknown: a person must map it"
        NOT_OURS = "not_ours", "not an eSIM"

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=80)
    sku = models.CharField(max_length=200, blank=True)
    variant = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=14, choices=State)
    product = models.ForeignKey(Product, models.PROTECT, null=True, db_index=False, db_constraint=False)
    quantity = models.PositiveIntegerField()
    """As ordered."""
    wanted = models.PositiveIntegerField()
    """Still owed after removals and refunds."""
    unit_price_minor = models.BigIntegerField()
    """After discounts, in the order's currency."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "external_id"], name="order_line_once")]
        indexes = [models.Index(fields=["sku"], name="order_line_unmapped", condition=Q(state="needs_mapping"))]

    def __str__(self) -> str:
        return f"{self.order_id} {self.sku or self.title}"


class Unit(WorkItem):
    """One eSIM owed, or data for one that is there.

    Its five-part key is unique: webhook, reconciliation and double click make one unit, not three.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        ROUTED = "routed"
        BUYING = "buying"
        PENDING = "pending", "supplier works"
        UNKNOWN = "unknown", "may have been bought"
        READY = "ready", "bought, not yet handed over"
        DELIVERED = "delivered"
        DEAD = "dead", "a person must decide"
        FAILED = "failed"
        CANCELLED = "cancelled"
        REFUNDED = "refunded"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, db_constraint=False)
    public_id = models.CharField(max_length=32)
    book = models.CharField(max_length=12)
    account = models.CharField(max_length=80)
    external_order = models.CharField(max_length=80)
    external_line = models.CharField(max_length=80)
    index = models.PositiveIntegerField()
    order = models.ForeignKey(Order, models.CASCADE, related_name="units", db_index=False, db_constraint=False)
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="units", db_index=False, db_constraint=False)
    """Always found by its order too, which has the index."""
    product = models.ForeignKey(Product, models.PROTECT, db_index=False, db_constraint=False)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    state_at = models.DateTimeField()
    cancel_wanted = models.CharField(max_length=20, blank=True)
    """cancel | refund | dispute: a fact at the shop that waits for the supplier's answer. Empty: none."""
    purchase = models.ForeignKey(Purchase, models.PROTECT, null=True, related_name="+", db_index=False)
    """The attempt under way or the one that counts."""
    line = models.ForeignKey(Line, models.PROTECT, null=True, related_name="+", db_index=False)
    tops_up = models.ForeignKey("self", models.PROTECT, null=True, related_name="top_ups", db_index=False)
    """The unit whose eSIM gets this one's data; null: it is an eSIM of its own. A top-up has no `line`."""
    topped_from = models.BigIntegerField(null=True)
    """Bytes of that eSIM before the top-up was asked for: what shows whether a lost answer was a yes."""
    receipt_id = models.BigIntegerField(null=True)
    """The routing receipt that counts (routing keeps it)."""
    tried_groups = models.JSONField(default=list)
    """[{"offer": id, "group": "…"}] refused so far: the next candidate lies outside these."""
    created_at = models.DateTimeField()
    bought_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "account", "external_order", "external_line", "index"], name="unit_owed_once"
            ),
            models.UniqueConstraint(fields=["public_id"], name="unit_public_id"),
            # Two at once, and nobody could say which of them a lost answer was about.
            models.UniqueConstraint(
                fields=["tops_up"],
                condition=Q(tops_up__isnull=False) & ~Q(state__in=["delivered", "failed", "cancelled", "refunded"]),
                name="unit_one_top_up_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["tops_up"], name="unit_top_ups", condition=Q(tops_up__isnull=False)),
            models.Index(fields=["due_at"], name="unit_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["order"], name="unit_of_order"),
            # Of those that have one: a new unit has neither, and each index costs every order.
            models.Index(fields=["purchase"], name="unit_of_purchase", condition=Q(purchase__isnull=False)),
            models.Index(fields=["line"], name="unit_of_line", condition=Q(line__isnull=False)),
            models.Index(fields=["organization", "-id"], name="unit_of_organization"),
            models.Index(
                fields=["state", "state_at"],
                name="unit_unfinished",
                condition=~Q(state__in=["delivered", "failed", "cancelled", "refunded"]),
            ),
            models.Index(F("delivered_at").desc(), name="unit_delivered", condition=Q(delivered_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id


class Compensation(WorkItem):
    """What a cancel, refund or dispute after issuing means for one unit, decided by the eSIM's state."""

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        LOSS = "loss", "nothing to take back"

    unit = models.OneToOneField(Unit, models.CASCADE, related_name="compensation")
    reason = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    verdict = models.CharField(max_length=200, blank=True)
    recovered_minor = models.BigIntegerField(default=0)
    """What the supplier gave back, in the purchase's currency, booked only when confirmed."""
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="compensation_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.state}"
