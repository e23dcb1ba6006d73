"""The lines of companies: who has which eSIM on which plan, what was asked for and what is confirmed.

These tables are all that a company's request touches of lines. What happens at suppliers (`lines`, `ordering`) is done by
jobs of ours, which bring what they learn here.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from simplane.catalog.models import Product
from simplane.core.models import WorkItem
from simplane.core.tenancy import TenantModel
from simplane.lines.models import PlanState, ProfileState
from simplane.workforce.models import CostCentre, Employee, Team


class Plan(TenantModel):
    """What a company may give its people: a product at its price, and what can be done with such a line later."""

    class Change(models.TextChoices):
        NATIVE = "native", "by the supplier, no new eSIM"
        EMULATED = "emulated", "a second plan is added, the old one ends"
        NO = "no", "only by a new eSIM"

    public_id = models.CharField(max_length=32, unique=True)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    price_minor = models.BigIntegerField()
    """As it is now; the order is refused when it rose meanwhile."""
    currency = models.CharField(max_length=3)
    data_bytes = models.BigIntegerField(null=True)
    """null: unlimited."""
    days = models.PositiveIntegerField()
    countries = ArrayField(models.CharField(max_length=2))
    can_suspend = models.BooleanField()
    can_terminate = models.BooleanField()
    can_top_up = models.BooleanField()
    can_replace = models.BooleanField()
    change = models.CharField(max_length=8, choices=Change)
    suppliers = ArrayField(models.CharField(max_length=40), default=list)
    """Codes of those that may serve it: a line's plan is changed to one that the line's supplier has."""
    usage_delay_seconds = models.PositiveIntegerField()
    """How late its supplier tells what was used: no rule can act sooner."""
    active = models.BooleanField(default=True)
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "product"], name="plan_once_a_product")]

    def __str__(self) -> str:
        return self.name


class Service(models.TextChoices):
    """Whether a line may be used: what is wanted, and what its supplier confirmed."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated", "ended"


class FleetLine(TenantModel):
    """One line of one person (or of a thing, without a person)."""

    class State(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", "waits for approval"
        ORDERING = "ordering", "being ordered"
        READY = "ready", "ready to install"
        INSTALLED = "installed"
        ACTIVE = "active", "in use"
        DEPLETED = "depleted", "data used up"
        EXPIRED = "expired", "plan over"
        SUSPENDED = "suspended"
        ENDED = "ended"
        FAILED = "failed", "could not be had"

    public_id = models.CharField(max_length=32, unique=True)
    employee = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="lines", db_index=False)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+", db_index=False)
    cost_centre = models.ForeignKey(CostCentre, models.SET_NULL, null=True, related_name="+", db_index=False)
    """Both follow the person; what was bought before stays where it was booked."""
    label = models.CharField(max_length=80, blank=True)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=State)
    state_at = models.DateTimeField()
    problem = models.CharField(max_length=300, blank=True)
    """Why it stands still, for people; empty: it does not."""
    wanted = models.CharField(max_length=10, choices=Service, default=Service.ACTIVE)
    wanted_at = models.DateTimeField()
    service = models.CharField(max_length=10, choices=Service, blank=True)
    """As the supplier confirmed; empty before there is an eSIM."""
    service_at = models.DateTimeField(null=True)
    profile = models.CharField(max_length=12, choices=ProfileState, blank=True)
    plan_state = models.CharField(max_length=10, choices=PlanState, blank=True)
    order_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True, unique=True)
    """The unit by which it was bought (ordering)."""
    line_id = models.BigIntegerField(null=True, unique=True)
    """The eSIM (lines). A replacement is a new one of the same FleetLine, or the same with a new profile."""
    supplier = models.CharField(max_length=40, blank=True)
    change = models.CharField(max_length=8, choices=Plan.Change, default=Plan.Change.NO)
    """How its own supplier changes its plan; of a plan it is the least that all its suppliers can."""
    can_swap = models.BooleanField(default=False)
    """Its supplier gives it a new profile for a new phone: nothing is bought."""
    wanted_plan = models.ForeignKey(Plan, models.PROTECT, null=True, related_name="+", db_index=False)
    """Asked for and not yet confirmed; null: `plan` it is."""
    iccid = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    data_total = models.BigIntegerField(null=True)
    data_used = models.BigIntegerField(null=True)
    usage_at = models.DateTimeField(null=True)
    """When the supplier measured it."""
    installed_at = models.DateTimeField(null=True)
    first_use_at = models.DateTimeField(null=True)
    last_use_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["organization", "-id"], name="fleet_line_newest"),
            models.Index(fields=["organization", "state", "-id"], name="fleet_line_by_state"),
            models.Index(fields=["employee"], name="fleet_line_of_employee", condition=Q(employee__isnull=False)),
            models.Index(fields=["organization", "team"], name="fleet_line_of_team"),
            models.Index(fields=["iccid"], name="fleet_line_by_iccid", condition=~Q(iccid="")),
        ]

    def __str__(self) -> str:
        return self.public_id


class Bulk(TenantModel):
    """One request about many lines: its operations run one by one, some may fail, and the rest goes on."""

    public_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=12)
    """Of its operations."""
    total = models.PositiveIntegerField()
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    effective_on = models.DateField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    """Both of each of its operations."""
    idempotency_key = models.CharField(max_length=40, blank=True)
    """Of the page that asked, so that a double click is one request."""

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="bulk_once_a_key",
            )
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="bulk_newest")]

    def __str__(self) -> str:
        return self.public_id


class BulkRow(TenantModel):
    """One wish of a bulk that a job writes down: it waits, became an operation, or was refused."""

    bulk = models.ForeignKey(Bulk, models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    """In the order of the request, from 0."""
    subject = models.CharField(max_length=32)
    """Public id of a person (new lines) or of a line."""
    plan = models.CharField(max_length=32, blank=True)
    label = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=254, blank=True)
    """How people know it: a name or an address."""
    taken_at = models.DateTimeField(null=True)
    """When it became an operation or was refused."""
    refused = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["bulk", "number"], name="bulk_row_once")]

    def __str__(self) -> str:
        return f"{self.bulk_id}:{self.number}"


class Operation(TenantModel, WorkItem):
    """Something a person or a rule wants done with a line: written before anything is done, with what came of it."""

    class Kind(models.TextChoices):
        PROVISION = "provision", "new line"
        SUSPEND = "suspend"
        REACTIVATE = "reactivate"
        TERMINATE = "terminate", "end"
        CHANGE_PLAN = "change_plan", "change plan"
        TOP_UP = "top_up", "more data"
        REPLACE = "replace", "new phone"

    class State(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval", "waits for approval"
        SCHEDULED = "scheduled", "waits for its day"
        REQUESTED = "requested"
        SENT = "sent", "asked of the supplier"
        UNKNOWN = "unknown", "may have happened"
        DONE = "done", "confirmed"
        REFUSED = "refused"
        FAILED = "failed"
        CANCELLED = "cancelled"

    public_id = models.CharField(max_length=32, unique=True)
    line = models.ForeignKey(FleetLine, models.PROTECT, related_name="operations", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=20, choices=State)
    state_at = models.DateTimeField()
    plan = models.ForeignKey(Plan, models.PROTECT, null=True, related_name="+")
    """To be had: of a new line, a change of plan, more data."""
    effective_on = models.DateField(null=True)
    """Not before this day (UTC); null: now."""
    bulk = models.ForeignKey(Bulk, models.PROTECT, null=True, related_name="operations", db_index=False)
    reservation = models.CharField(max_length=40, blank=True)
    """Of budgets (policies); empty: it costs nothing."""
    idempotency_key = models.CharField(max_length=120, blank=True)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    unit_id = models.BigIntegerField(null=True, unique=True)
    """Of an operation that buys something: the unit by which it was bought."""
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(state__in=["awaiting_approval", "requested", "sent", "unknown"]),
                name="operation_one_open_a_line",
            ),
            models.UniqueConstraint(
                fields=["line", "kind"], condition=Q(state="scheduled"), name="operation_one_scheduled_a_kind"
            ),
            models.UniqueConstraint(
                fields=["organization", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="operation_once_a_key",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="operation_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["line", "-id"], name="operation_of_line"),
            models.Index(fields=["bulk", "state"], name="operation_of_bulk", condition=Q(bulk__isnull=False)),
            models.Index(fields=["organization", "-id"], name="operation_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class PeopleRules(TenantModel):
    """What a company does with the lines of people who leave. No row: as the defaults say."""

    leaver_days = models.PositiveSmallIntegerField(default=30)
    """So many days after somebody left, their lines end; 0: at once, instead of a suspension."""
    changed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization"], name="people_rules_once")]

    def __str__(self) -> str:
        return f"leavers end after {self.leaver_days} days"


class JoinerPlan(TenantModel):
    """The plan that somebody gets who joins a team; without a team: everybody whose team has none of its own."""

    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "team"], nulls_distinct=False, name="joiner_plan_once_a_team"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team_id} {self.plan_id}"


class PlanPeriod(TenantModel):
    """The history of plans of a line: which one, from when to when, at what price."""

    line = models.ForeignKey(FleetLine, models.PROTECT, related_name="plans", db_index=False)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")
    operation = models.ForeignKey(Operation, models.PROTECT, null=True, related_name="+")
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    cost_centre = models.ForeignKey(CostCentre, models.SET_NULL, null=True, related_name="+")
    """Where it was booked when it was bought."""
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(ended_at__isnull=True), name="plan_period_one_open")
        ]
        indexes = [models.Index(fields=["line", "-started_at"], name="plan_period_of_line")]

    def __str__(self) -> str:
        return f"{self.line_id} {self.plan_id}"


class InstallLink(TenantModel):
    """A link in a mail that shows one person's eSIM once, without an account."""

    line = models.ForeignKey(FleetLine, models.CASCADE, related_name="install_links")
    hash = models.BinaryField(unique=True)
    """SHA-256 of the link's secret."""
    sent_to = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"link of {self.line_id}"
