"""Getting an eSIM to a person: links, messages, and the evidence that they arrived."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from simplane.core.models import WorkItem
from simplane.lines.models import Line
from simplane.organizations.models import Organization


class InstallLink(models.Model):
    """An unguessable, revocable address of an install page: for one unit, or for a whole order (`unit_id` null)."""

    token = models.CharField(max_length=40, unique=True)
    unit_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField()
    line = models.ForeignKey(Line, models.CASCADE, null=True, related_name="links")
    locale = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=120, blank=True)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    views = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit_id"],
                condition=Q(unit_id__isnull=False, revoked_at__isnull=True),
                name="link_one_live_a_unit",
            ),
            models.UniqueConstraint(
                fields=["order_id"],
                condition=Q(unit_id__isnull=True, revoked_at__isnull=True),
                name="link_one_live_an_order",
            ),
        ]

    def __str__(self) -> str:
        return f"link of order {self.order_id}"


class Message(WorkItem):
    """One mail to one person. The row is written before the sending; its Message-ID is stable over repeats."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        UNKNOWN = "unknown", "may have been sent"
        FAILED = "failed", "refused for good"
        BOUNCED = "bounced"

    kind = models.CharField(max_length=30)
    """esim_ready | order_late | order_refunded | esim_replaced | data_added"""
    unit_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField()
    version = models.PositiveSmallIntegerField(default=1)
    """Counts wanted repeats (a person sends it again)."""
    to = models.CharField(max_length=320)
    """Lower case."""
    locale = models.CharField(max_length=10)
    context = models.JSONField(default=dict)
    """Plain values for the template; no activation code (it is read from the line when sending)."""
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "order_id", "unit_id", "version"], nulls_distinct=False, name="message_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="message_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["order_id"], name="message_of_order"),
            models.Index(fields=["to"], name="message_to_prefix", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to order {self.order_id}"


class Suppression(models.Model):
    """An address that refused mail for good; we do not write to it again until a person lifts it."""

    address = models.CharField(max_length=320, unique=True)
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.address


class MailAllowance(models.Model):
    """How many mails an hour leave for a reseller, where it is not as many as for everybody."""

    organization = models.OneToOneField(Organization, models.CASCADE, primary_key=True)
    an_hour = models.PositiveIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(an_hour__gt=0), name="mail_allowance")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.an_hour}"
