"""What companies' lines used and what was bought for them: who has which supplier line, raw records, roll-ups, spend.

People, teams and lines stand here as plain ids: what was used stays where it was booked, whatever becomes of them.
Raw records and roll-ups are made by SQL (`load_sql`, migrations/0002): partitions, and keys of several columns.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from simplane.core.tenancy import TenantModel
from simplane.suppliers.models import Supplier


class Meter(TenantModel):
    """A line as its supplier measures it, and the last cumulative reading. A replaced eSIM is a further meter of the line."""

    line_id = models.BigIntegerField()
    """Of the company (fleet lies above, so no foreign key)."""
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="+", db_index=False)
    supplier_code = models.CharField(max_length=40)
    """For pages of tenants, which see no suppliers."""
    supplier_line_id = models.CharField(max_length=120)
    reading = models.BigIntegerField(null=True)
    """Bytes used so far as the supplier counts; null: never read."""
    reading_total = models.BigIntegerField(null=True)
    """Bytes of the plan that is counted; null: unlimited or not told."""
    reading_at = models.DateTimeField(null=True)
    """When the supplier measured it."""
    reading_of = models.CharField(max_length=80, blank=True)
    """The plan that was counted; another one counts from zero again."""
    metered_at = models.DateTimeField(null=True)
    """Since when we know of it: when the line was bought."""
    asked_at = models.DateTimeField(null=True)
    """When it was last asked for on schedule."""
    ended_at = models.DateTimeField(null=True)
    """Not asked any more; late records still count."""

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["supplier", "supplier_line_id"], name="meter_once")]
        indexes = [
            models.Index(fields=["organization", "line_id"], name="meter_of_line"),
            models.Index(
                F("supplier"), F("asked_at").asc(nulls_first=True), name="meter_to_ask", condition=Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_code}:{self.supplier_line_id}"


class Assignment(TenantModel):
    """Who had a metered line from when to when: a mover's past stays with the old team."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="assignments", db_index=False)
    line_id = models.BigIntegerField()
    employee_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    cost_centre_id = models.BigIntegerField(null=True)
    plan = models.CharField(max_length=120, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["meter", "since"], name="assignment_once"),
            models.UniqueConstraint(fields=["meter"], condition=Q(until=None), name="assignment_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.meter_id} since {self.since:%Y-%m-%d}"


class UsageEvent(TenantModel):
    """One raw record, stored once; partitioned by the UTC day of `started_at`."""

    pk = models.CompositePrimaryKey("organization_id", "meter_id", "started_at", "source_id")
    meter_id = models.BigIntegerField()
    started_at = models.DateTimeField()
    bytes = models.BigIntegerField()
    """Negative: the supplier counted less than before."""
    assignment_id = models.BigIntegerField()
    version = models.SmallIntegerField()
    """Of this record; a higher one corrects it."""
    country = models.CharField(max_length=2)
    network = models.CharField(max_length=40)
    source_id = models.CharField(max_length=80)
    """The supplier's own id of the record, or `read:` and the moment of a reading."""

    class Meta(TenantModel.Meta):
        managed = False
        db_table = "usage_event"

    def __str__(self) -> str:
        return self.source_id


class _RollUp(TenantModel):
    """Sums of one line with one holder in one country on one network; the holder's team stands as it was."""

    assignment_id = models.BigIntegerField()
    country = models.CharField(max_length=2)
    network = models.CharField(max_length=40)
    line_id = models.BigIntegerField()
    employee_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    cost_centre_id = models.BigIntegerField(null=True)
    bytes = models.BigIntegerField()
    records = models.BigIntegerField()
    last_at = models.DateTimeField()
    """Of its latest record."""

    class Meta(TenantModel.Meta):
        abstract = True
        managed = False


class UsageDay(_RollUp):
    """By UTC day, in the transaction of the records."""

    pk = models.CompositePrimaryKey("organization_id", "day", "assignment_id", "country", "network")
    day = models.DateField()

    class Meta(_RollUp.Meta):
        abstract = False
        db_table = "usage_day"

    def __str__(self) -> str:
        return f"{self.line_id} {self.day}"


class UsageHour(_RollUp):
    """By hour, made again from the records of a day within about a minute after any of them came (`hours.py`)."""

    pk = models.CompositePrimaryKey("organization_id", "hour", "assignment_id", "country", "network")
    hour = models.DateTimeField()

    class Meta(_RollUp.Meta):
        abstract = False
        db_table = "usage_hour"

    def __str__(self) -> str:
        return f"{self.line_id} {self.hour}"


class DayToRoll(TenantModel):
    """A day of a company whose hours are older than its records. Only ever added: two loads never wait for each other here."""

    day = models.DateField()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.organization_id} {self.day}"


class Spend(TenantModel):
    """Something bought for a line (or given back, negative), booked where its holder belonged then."""

    key = models.CharField(max_length=80)
    """Of the purchase: telling it twice is telling it once."""
    line_id = models.BigIntegerField()
    employee_id = models.BigIntegerField(null=True)
    team_id = models.BigIntegerField(null=True)
    cost_centre_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=12)
    """provision | change_plan | top_up | replace | refund"""
    plan = models.CharField(max_length=120, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    order_id = models.BigIntegerField(null=True)
    """Its ledger transactions carry this order."""
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="spend_once")]
        indexes = [
            models.Index(fields=["organization", "at"], name="spend_by_time"),
            models.Index(fields=["organization", "line_id", "at"], name="spend_of_line"),
        ]

    def __str__(self) -> str:
        return self.key


class Retention(TenantModel):
    """How long a company keeps its usage; without a row the standard holds (`retention.py`)."""

    raw_days = models.PositiveIntegerField()
    """Raw records and hours."""
    rollup_days = models.PositiveIntegerField()
    set_by = models.CharField(max_length=120)
    set_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization"], name="retention_one")]

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.raw_days} days"


class Deletion(TenantModel):
    """Proof that usage was deleted: what, how much, by whose rule, and the checksum of what went."""

    what = models.CharField(max_length=6)
    """event | hour | day"""
    since = models.DateTimeField()
    until = models.DateTimeField()
    """Exclusive."""
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    """The sum of what they said was used."""
    checksum = models.CharField(max_length=64)
    """SHA-256 of the rows as text, in the order of their key, a line each: an export made before can be held against it."""
    rule = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "-id"], name="deletion_newest")]

    def __str__(self) -> str:
        return f"{self.what} {self.since:%Y-%m-%d}"


class Saving(TenantModel):
    """Something a company could do to pay less, and what it said to it. Found again every day until it was done."""

    class State(models.TextChoices):
        OPEN = "open"
        APPLIED = "applied", "done"
        DISMISSED = "dismissed"
        GONE = "gone", "no longer true"

    public_id = models.CharField(max_length=32, unique=True)
    key = models.CharField(max_length=120)
    """Of what it is about: found again, it is the same one."""
    kind = models.CharField(max_length=16)
    """As `recommend.Kind`."""
    words = models.CharField(max_length=500)
    saves_minor = models.BigIntegerField()
    """A month."""
    currency = models.CharField(max_length=3)
    verb = models.CharField(max_length=12)
    lines = ArrayField(models.CharField(max_length=32))
    """Public ids."""
    plan = models.CharField(max_length=32, blank=True)
    """Public id of the one to change to, or that could be shared."""
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """When it was last true."""
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="saving_once")]
        indexes = [models.Index(fields=["organization", "state", "-saves_minor"], name="saving_dearest")]

    def __str__(self) -> str:
        return self.key
