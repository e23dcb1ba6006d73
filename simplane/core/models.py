"""Tables that know nothing of the business: news, audit, inbox, dead letters, schedules, rate limits."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class WorkItem(models.Model):
    """A row that owes somebody a next step. `due_at` is never null while work is owed, so no crash can forget it."""

    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class Event(models.Model):
    """News: something that happened. Rows are the history and the timeline; never changed."""

    name = models.CharField(max_length=80)
    at = models.DateTimeField()
    order_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    data = models.JSONField()
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["order_id", "id"], name="event_of_order", condition=Q(order_id__isnull=False)),
            models.Index(fields=["name", "-at"], name="event_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"


class AuditEntry(models.Model):
    """Who changed what: actor, action, thing, before and after."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=120)
    action = models.CharField(max_length=80)
    entity = models.CharField(max_length=40)
    entity_id = models.CharField(max_length=64)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    organization_id = models.BigIntegerField(null=True)
    """Of a tenant's own history: whose it is. Written inside its scope, or by us with `organization_id=`."""

    class Meta:
        indexes = [
            models.Index(fields=["entity", "entity_id", "-at"], name="audit_of_entity"),
            models.Index(fields=["-at"], name="audit_newest"),
            models.Index(
                fields=["organization_id", "-id"],
                name="audit_of_organization",
                condition=Q(organization_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.entity} {self.entity_id}"


class AuditSeal(models.Model):
    """A link of an organization's chain of audit entries: SHA-256 over the link before and the entry (core/seals.py)."""

    entry = models.OneToOneField(
        AuditEntry, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="seal"
    )
    """Without a foreign key: a removed entry must be missed here, not impossible to record."""
    organization_id = models.BigIntegerField()
    number = models.BigIntegerField()
    """1, 2, 3, … in each organization."""
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "number"], name="audit_seal_number")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.number}"


class InboxMessage(WorkItem):
    """A webhook as it came: raw bytes first, work later. One row a delivery, for ever the evidence."""

    class State(models.TextChoices):
        RECEIVED = "received"
        DONE = "done"
        FAILED = "failed", "failed, tried again"
        FLAGGED = "flagged", "needs a person"
        IGNORED = "ignored"

    channel = models.CharField(max_length=30)
    account = models.CharField(max_length=80)
    delivery_id = models.CharField(max_length=200)
    topic = models.CharField(max_length=120)
    headers = models.JSONField()
    body = models.BinaryField()
    trusted = models.BooleanField()
    """False: unsigned by the sender's design; a hint that must be confirmed by a read."""
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    handled_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    order_id = models.BigIntegerField(null=True)
    duplicates = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "account", "delivery_id"], name="inbox_one_row_a_delivery")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="inbox_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-received_at"], name="inbox_newest"),
            models.Index(fields=["order_id"], name="inbox_of_order", condition=Q(order_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.account} {self.topic} {self.delivery_id}"


class DeadLetter(models.Model):
    """Everything that can not go on by itself: cause, money at risk, next safe action. At most one open a subject."""

    kind = models.CharField(max_length=30)
    """unit | inbox | job | writeback | message | refund | reconciliation | catalog"""
    subject_id = models.CharField(max_length=64)
    cause = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    """The next safe action, a name in the registry of `core.deadletters`."""
    summary = models.TextField()
    detail = models.JSONField(default=dict)
    order_id = models.BigIntegerField(null=True)
    money_minor = models.BigIntegerField(default=0)
    money_currency = models.CharField(max_length=3, blank=True)
    opened_at = models.DateTimeField()
    seen_again = models.PositiveIntegerField(default=0)
    replays = models.PositiveIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=120, blank=True)
    resolution = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"], condition=Q(resolved_at__isnull=True), name="dead_one_open_a_subject"
            )
        ]
        indexes = [
            models.Index(fields=["cause", "opened_at"], name="dead_open", condition=Q(resolved_at__isnull=True)),
            models.Index(fields=["order_id"], name="dead_of_order", condition=Q(order_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}: {self.cause}"


class Schedule(models.Model):
    """Scheduled work and its last run. One row a name; the row lock lets one worker run it."""

    name = models.CharField(max_length=60, primary_key=True)
    last_started_at = models.DateTimeField(null=True)
    last_finished_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_ok = models.BooleanField(null=True)
    last_result = models.JSONField(null=True)
    last_problem = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class RateLimit(models.Model):
    """One row a limited resource; read and written only by the SQL function `simplane_take` (GCRA)."""

    key = models.CharField(max_length=120, primary_key=True)
    theoretical_arrival = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class StoredAnswer(models.Model):
    """The first answer to a request with an `Idempotency-Key`, given again to every repetition."""

    organization_id = models.BigIntegerField()
    key = models.CharField(max_length=255)
    request_hash = models.BinaryField()
    """SHA-256 of method, path and body: the same key with another request is refused."""
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    """JSON, byte for byte as it was sent."""
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "key"], name="stored_answer_once")]
        indexes = [models.Index(fields=["created_at"], name="stored_answer_age")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.key} {self.status}"


class CacheEntry(models.Model):
    """One row of Django's cache (core/cache.py)."""

    key = models.TextField(primary_key=True)
    value = models.TextField()
    """JSON."""
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="cache_entry_end")]

    def __str__(self) -> str:
        return self.key


class Bookmark(models.Model):
    """How far a reader of the news has come (core/following.py)."""

    reader = models.CharField(max_length=30, primary_key=True)
    last_event = models.BigIntegerField()
    """Everything up to it is read."""
    seen_event = models.BigIntegerField()
    """The newest there was at the latest look."""
    seen_xid = models.BigIntegerField()
    """Every transaction that was under way then has a smaller number (`pg_snapshot_xmax`)."""

    def __str__(self) -> str:
        return f"{self.reader} {self.last_event}"
