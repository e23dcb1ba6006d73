"""What companies are told, where, and that it was told."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from simplane.core.crypto import SecretJSONField
from simplane.core.models import WorkItem
from simplane.core.tenancy import TenantModel
from simplane.policies.choices import Levels, Severity


class Alert(TenantModel, WorkItem):
    """Something a company should know. While one of its `dedupe` key is not resolved it is counted, not doubled."""

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    public_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=24)
    severity = models.CharField(max_length=8, choices=Severity)
    level = models.CharField(max_length=12, choices=Levels)
    subject_id = models.BigIntegerField(default=0)
    dedupe = models.CharField(max_length=120)
    title = models.CharField(max_length=150)
    text = models.CharField(max_length=1000, blank=True)
    count = models.PositiveIntegerField(default=1)
    told = models.PositiveSmallIntegerField(default=1)
    """How often people are told of it: when it began, became worse, was escalated."""
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "dedupe"], condition=~Q(state="resolved"), name="company_alert_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="company_alert_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["organization", "state", "-id"], name="company_alert_newest"),
        ]

    def __str__(self) -> str:
        return self.title


class AlertRoute(TenantModel):
    """Where a company wants to be told."""

    class Channel(models.TextChoices):
        EMAIL = "email", "e-mail"
        SLACK = "slack", "Slack"
        WEBHOOK = "webhook"

    public_id = models.CharField(max_length=32, unique=True)
    channel = models.CharField(max_length=7, choices=Channel)
    target = SecretJSONField()
    """An e-mail address, or a URL that is a secret itself."""
    shown = models.CharField(max_length=120)
    """The target as people may see it."""
    secret = SecretJSONField(default="")
    """Of a webhook: what its requests are signed with."""
    kinds = ArrayField(models.CharField(max_length=24), default=list)
    """Empty: all."""
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.WARNING)
    """The least that is told here."""
    approvals = models.BooleanField(default=False)
    """Of Slack: questions are asked here too, with buttons."""
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "id"], name="alert_route_of_company")]

    def __str__(self) -> str:
        return f"{self.channel} {self.shown}"


class AlertSent(TenantModel):
    """One telling of one alert by one route: done once."""

    class State(models.TextChoices):
        QUEUED = "queued"
        TOLD = "told"
        FAILED = "failed"

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="tellings", db_index=False)
    route = models.ForeignKey(AlertRoute, models.CASCADE, related_name="+")
    step = models.PositiveSmallIntegerField()
    """The alert's `told` then."""
    state = models.CharField(max_length=6, choices=State, default=State.QUEUED)
    problem = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["alert", "route", "step"], name="alert_sent_once")]

    def __str__(self) -> str:
        return f"{self.alert_id} by {self.route_id}: {self.state}"


class DigestReader(TenantModel):
    """A member who wants one mail every morning about the company's alerts."""

    user = models.ForeignKey("organizations.User", models.CASCADE, related_name="+", db_index=False)
    told_on = models.DateField()
    """The last day, in the company's calendar, whose mail was asked for; at first the day on which they wanted it."""
    told_at = models.DateTimeField()
    """What happened after it is in the next mail."""

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="digest_reader_once")]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.organization_id}"
