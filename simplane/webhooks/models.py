"""Webhooks to customers: where they go, what was told, and every attempt to tell it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from simplane.core.crypto import SecretJSONField
from simplane.core.models import WorkItem
from simplane.organizations.models import Organization


class Endpoint(WorkItem):
    """An address of a customer. It is due when one of its deliveries is, and one worker at a time serves it."""

    class State(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    class Reason(models.TextChoices):
        OWNER = "owner", "switched off by its owner"
        GONE = "gone", "it answered 410 Gone"
        FAILING = "failing", "it failed for days"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="webhook_endpoints")
    public_id = models.CharField(max_length=32, unique=True)
    url = models.CharField(max_length=1000)
    description = models.CharField(max_length=200, blank=True)
    event_types = ArrayField(models.CharField(max_length=40), default=list)
    """Which events it wants; empty: all."""
    api_version = models.CharField(max_length=10)
    """How the payload is written: the version when the endpoint was made."""
    secrets = SecretJSONField()
    """{"current": "whsec_…", "previous": "whsec_…" or ""}"""
    previous_until = models.DateTimeField(null=True)
    """Until then requests are signed with the previous secret too."""
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    reason = models.CharField(max_length=8, choices=Reason, blank=True)
    """Why it is disabled."""
    disabled_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    """The first failure since its last success."""
    warned_at = models.DateTimeField(null=True)
    """When its owner was told that it fails, since its last success."""
    strikes = models.PositiveIntegerField(default=0)
    """Failures in a row; they make it wait."""
    paused_until = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    """Of its latest attempt; null: there was no answer, or no attempt."""
    last_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="endpoint_of_organization"),
            models.Index(fields=["due_at"], name="endpoint_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["failing_since"], name="endpoint_failing", condition=Q(failing_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id


class Message(models.Model):
    """Something that happened, as one organization is told it. Its bytes are written once and sent as they are."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="webhook_messages")
    public_id = models.CharField(max_length=32, unique=True)
    """The `webhook-id` of every attempt."""
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    """Named fact, such as `event:4711`: it is told once."""
    subject = models.CharField(max_length=40)
    """What it is about: `ord_…`, a top-up, a currency's wallet."""
    sequence = models.PositiveIntegerField()
    """1, 2, 3 … of its subject: which of two messages is the later one."""
    at = models.DateTimeField()
    """When it happened."""
    created_at = models.DateTimeField()
    body = models.TextField()
    """JSON."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="webhook_message_once"),
            models.UniqueConstraint(fields=["organization", "subject", "sequence"], name="webhook_message_sequence"),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="webhook_message_newest"),
            models.Index(fields=["created_at"], name="webhook_message_age"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.type}"


class Delivery(models.Model):
    """One message on its way to one endpoint. A replay begins the same row anew."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries", db_index=False)
    public_id = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    problem = models.CharField(max_length=300, blank=True)
    """Of its latest attempt, or why there are no more."""
    tries = models.PositiveSmallIntegerField(default=0)
    """Since it began, or began anew."""
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "endpoint"], name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False) | (~Q(state="waiting") & Q(due_at__isnull=True)),
                name="webhook_delivery_state",
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "due_at"], name="webhook_delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_failed", condition=Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class Attempt(models.Model):
    """One request and what came of it: the delivery log."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveIntegerField()
    """1, 2, 3 …, through all replays."""
    at = models.DateTimeField()
    ms = models.PositiveIntegerField()
    url = models.CharField(max_length=1000)
    """As it was then."""
    request_headers = models.JSONField()
    """Without the signature."""
    status = models.PositiveSmallIntegerField(null=True)
    """Null: no whole answer."""
    response_headers = models.JSONField()
    response_body = models.TextField(blank=True)
    """Its first kilobyte."""
    problem = models.CharField(max_length=300, blank=True)
    """Empty: it was delivered."""
    next_at = models.DateTimeField(null=True)
    """When it is tried again."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_number")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number} {self.status}"
