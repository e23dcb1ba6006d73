"""The eSIM itself: how it is installed, what it does, what it used."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from simplane.core.crypto import SecretJSONField
from simplane.suppliers.models import Purchase, Supplier


class ProfileState(models.TextChoices):
    RELEASED = "released", "ready to install"
    DOWNLOADED = "downloaded"
    INSTALLED = "installed"
    ENABLED = "enabled", "switched on"
    DISABLED = "disabled", "switched off"
    DELETED = "deleted", "removed from the phone"
    UNKNOWN = "unknown"


class PlanState(models.TextChoices):
    QUEUED = "queued", "not started"
    ACTIVE = "active"
    DEPLETED = "depleted", "data used up"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class ServiceState(models.TextChoices):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETION_SCHEDULED = "deletion_scheduled"
    TERMINATED = "terminated"


class Line(models.Model):
    """One eSIM. Three axes kept apart (profile, plan, service), each with the supplier's own time of its last change."""

    unit_id = models.BigIntegerField(null=True, unique=True)
    """The unit it serves (ordering lies above, so no foreign key)."""
    purchase = models.OneToOneField(Purchase, models.PROTECT, related_name="line")
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="lines")
    supplier_line_id = models.CharField(max_length=120)
    """The supplier's key of the line: ICCID at eSIM Go, esimTranNo at eSIM Access (ICCIDs are re-used there)."""
    iccid = models.CharField(max_length=20)
    smdp = models.CharField(max_length=200)
    matching_id = models.CharField(max_length=260)
    oid = models.CharField(max_length=60, blank=True)
    plan_order_id = models.CharField(max_length=120, blank=True, default="", db_default="")
    """The supplier's order of the plan it is on since that was changed; empty: the one it was bought with."""
    plan_offer_code = models.CharField(max_length=120, blank=True, default="", db_default="")
    confirmation_code_required = models.BooleanField(default=False)
    confirmation_code = SecretJSONField(null=True)
    """A text that the phone asks for when the profile needs one; null: the supplier gave none (yet)."""
    apn = models.CharField(max_length=60, blank=True)
    eid = models.CharField(max_length=32, blank=True)
    profile_state = models.CharField(max_length=12, choices=ProfileState, default=ProfileState.RELEASED)
    profile_at = models.DateTimeField(null=True)
    plan_state = models.CharField(max_length=10, choices=PlanState, default=PlanState.QUEUED)
    plan_at = models.DateTimeField(null=True)
    service_state = models.CharField(max_length=20, choices=ServiceState, default=ServiceState.ACTIVE)
    service_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField()
    installed_at = models.DateTimeField(null=True)
    attached_at = models.DateTimeField(null=True)
    first_use_at = models.DateTimeField(null=True)
    depleted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    country = models.CharField(max_length=2, blank=True)
    data_total = models.BigIntegerField(null=True)
    """Bytes; null = unlimited or not said."""
    data_used = models.BigIntegerField(null=True)
    usage_at = models.DateTimeField(null=True)
    """When the supplier measured `data_used`."""
    checked_at = models.DateTimeField(null=True)
    """When we last asked the supplier."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["supplier", "supplier_line_id"], name="line_one_a_supplier_line")
        ]
        indexes = [
            models.Index(fields=["iccid"], name="line_by_iccid"),
            models.Index(fields=["checked_at"], name="line_to_check", condition=Q(ended_at__isnull=True)),
            models.Index(
                fields=["supplier"],
                name="line_without_code",
                condition=Q(confirmation_code_required=True, confirmation_code__isnull=True, ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.iccid


class PlanChange(models.Model):
    """A unit that puts another plan on an eSIM: its purchase replaces the plan instead of adding to it."""

    class Way(models.TextChoices):
        NATIVE = "native", "the supplier changes it"
        EMULATED = "emulated", "the plan is added, the old one ends"

    unit_id = models.BigIntegerField(primary_key=True)
    """The unit by which the new plan is bought (ordering lies above, so no foreign key)."""
    line = models.ForeignKey(Line, models.PROTECT, related_name="plan_changes")
    way = models.CharField(max_length=8, choices=Way)
    old_order_id = models.CharField(max_length=120, blank=True)
    """How the supplier knows the plan that it had before."""
    old_offer_code = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    """When the new plan was confirmed."""

    def __str__(self) -> str:
        return f"{self.line_id} {self.way}"


class LineEvent(models.Model):
    """Something the supplier told about a line, by webhook or by read; the history, deduplicated."""

    line = models.ForeignKey(Line, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    """The supplier's own time of the event."""
    seen_at = models.DateTimeField()
    source = models.CharField(max_length=12)
    """webhook | read | us"""
    dedupe_key = models.CharField(max_length=120)
    applied = models.BooleanField()
    """False: older than what we knew, or against a terminal state; kept as evidence only."""
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "dedupe_key"], name="line_event_once")]
        indexes = [models.Index(fields=["line", "at"], name="line_event_order")]

    def __str__(self) -> str:
        return f"{self.line_id} {self.kind}"
