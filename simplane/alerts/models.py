"""People told: one alert a rule and subject, counted instead of repeated."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from simplane.core.models import WorkItem


class Alert(WorkItem):
    """Something a person should know now."""

    class Level(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        CRITICAL = "critical"

    rule = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    level = models.CharField(max_length=10, choices=Level)
    title = models.CharField(max_length=150)
    text = models.TextField(blank=True)
    link = models.CharField(max_length=300, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    """When people were last told; due_at is when they are told next."""
    told_by = models.JSONField(default=list)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=120, blank=True)
    resolved_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=Q(resolved_at__isnull=True), name="alert_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="alert_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["rule", "subject", "-resolved_at"], name="alert_ended", condition=Q(resolved_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}"
