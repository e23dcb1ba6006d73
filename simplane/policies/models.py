"""Rules of companies, their budgets, what waits for a person's word, and what they are told."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from simplane.core.crypto import SecretJSONField
from simplane.core.models import WorkItem
from simplane.core.tenancy import TenantModel
from simplane.policies import alert_models  # noqa: F401  Django looks for tables here
from simplane.policies.choices import Levels


class CompanySettings(TenantModel):
    """How a company's rules count time, and how long they wait for people. Without a row: as the defaults say."""

    time_zone = models.CharField(max_length=64, default="UTC")
    """IANA name: where its days, months and years begin."""
    approval_hours = models.PositiveIntegerField(default=72)
    """How long a question waits for an answer."""
    escalate_hours = models.PositiveIntegerField(default=24)
    """After which others are asked, or told, too."""
    slack_signing_secret = SecretJSONField(default="")
    """Of its Slack app; empty: buttons in Slack decide nothing."""

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["organization"], name="policy_settings_once")]

    def __str__(self) -> str:
        return f"settings of {self.organization_id}"


class Policy(TenantModel):
    """One rule with its parameters. Of several of one kind, the one closest to the line holds."""

    public_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=24)
    """A name in `rules.KINDS`, whose dataclass validates `params`."""
    variant = models.CharField(max_length=12, blank=True)
    """Of a cap: what is counted (line, employee, team, company); such caps stand beside each other."""
    level = models.CharField(max_length=12, choices=Levels)
    subject_id = models.BigIntegerField(default=0)
    params = models.JSONField()
    version = models.PositiveIntegerField(default=1)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "variant", "level", "subject_id"],
                condition=Q(active=True),
                name="policy_once_a_subject",
            ),
            models.CheckConstraint(
                condition=Q(level="company", subject_id=0) | (~Q(level="company") & Q(subject_id__gt=0)),
                name="policy_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class PolicyVersion(TenantModel):
    """What a policy said from one change to the next, and who made the change."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", db_index=False)
    version = models.PositiveIntegerField()
    params = models.JSONField()
    active = models.BooleanField()
    changed_by = models.CharField(max_length=120)
    changed_at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["policy", "version"], name="policy_version_once")]

    def __str__(self) -> str:
        return f"{self.policy_id} v{self.version}"


class Budget(TenantModel):
    """How much may be spent for somebody in each month, quarter or year. `subject_id` 0: for each of the level."""

    class Every(models.TextChoices):
        MONTH = "month"
        QUARTER = "quarter"
        YEAR = "year"

    public_id = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    level = models.CharField(max_length=12, choices=[one for one in Levels.choices if one[0] != "line"])
    subject_id = models.BigIntegerField(default=0)
    every = models.CharField(max_length=7, choices=Every)
    limit_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    hard = models.BooleanField()
    """Nothing is bought beyond it; a soft one only tells."""
    grace_minor = models.BigIntegerField(default=0)
    """How far a hard one may be overdrawn."""
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "level", "subject_id", "every", "currency"],
                condition=Q(active=True),
                name="budget_once_a_subject",
            ),
            models.CheckConstraint(condition=Q(limit_minor__gte=0, grace_minor__gte=0), name="budget_amounts"),
            models.CheckConstraint(condition=~Q(level="company") | Q(subject_id=0), name="budget_subject"),
        ]

    def __str__(self) -> str:
        return self.name


class BudgetPeriod(TenantModel):
    """A budget in one period, for one of its subjects. Written when something is first bought in it."""

    budget = models.ForeignKey(Budget, models.PROTECT, related_name="periods", db_index=False)
    subject_id = models.BigIntegerField()
    first_day = models.DateField()
    """In the company's calendar."""
    label = models.CharField(max_length=7)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    limit_minor = models.BigIntegerField()
    most_minor = models.BigIntegerField(null=True)
    """What reserved and spent may reach together; null: the budget is soft."""
    reserved_minor = models.BigIntegerField(default=0)
    spent_minor = models.BigIntegerField(default=0)
    told = models.PositiveSmallIntegerField(default=0)
    """The highest of 75, 90 and 100 percent that people were told of."""

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["budget", "subject_id", "first_day"], name="budget_period_once"),
            models.CheckConstraint(condition=Q(reserved_minor__gte=0), name="budget_period_reserved"),
        ]
        indexes = [models.Index(fields=["organization", "-first_day"], name="budget_period_newest")]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.label}"


class Reservation(TenantModel):
    """Money set aside in every budget that a purchase touches, until it is spent or given back."""

    class State(models.TextChoices):
        HELD = "held"
        SETTLED = "settled"
        RELEASED = "released"

    key = models.CharField(max_length=120, unique=True)
    """Of the purchase: a public id, so no two companies have the same."""
    state = models.CharField(max_length=8, choices=State)
    amount_minor = models.BigIntegerField()
    settled_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    period_ids = ArrayField(models.BigIntegerField())
    """The budgets' periods, each with the whole amount."""
    facts = models.JSONField()
    reserved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["organization", "reserved_at"], name="reservation_held", condition=Q(state="held"))
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class Approval(TenantModel, WorkItem):
    """A question that a second person answers once. `due_at`: when others are asked, then when it expires."""

    class State(models.TextChoices):
        OPEN = "open"
        GRANTED = "granted"
        REFUSED = "refused"
        EXPIRED = "expired", "nobody answered"

    public_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=24)
    subject_id = models.CharField(max_length=64)
    """What is asked for, by its owner's public id; also the key under which budgets reserve it when it is granted."""
    facts = models.JSONField()
    reasons = models.JSONField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    team_id = models.BigIntegerField(null=True)
    """Its lead is asked."""
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "subject_id"], condition=Q(state="open"), name="approval_one_open"
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("asked_by")), name="approval_four_eyes"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="approval_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["organization", "state", "-id"], name="approval_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class ApprovalLink(TenantModel):
    """One approver's own link to one question. The secret stands in the message only."""

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="links")
    user_id = models.BigIntegerField()
    """The member it was sent to."""
    hash = models.BinaryField(unique=True)
    """SHA-256 of the link's secret."""
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"link to {self.approval_id} for {self.user_id}"


class SlackPerson(TenantModel):
    """Which member presses the buttons in Slack."""

    slack_id = models.CharField(max_length=20)
    user_id = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "slack_id"], name="slack_person_once"),
            models.UniqueConstraint(fields=["organization", "user_id"], name="slack_person_one_a_member"),
        ]

    def __str__(self) -> str:
        return self.slack_id


class Reached(TenantModel):
    """A cap that somebody came near in one month: what was told, and since when it is reached."""

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="+", db_index=False)
    subject_id = models.BigIntegerField()
    """The line, person or team that is counted; 0: the company."""
    first_day = models.DateField()
    told = models.PositiveSmallIntegerField()
    """75, 90 or 100 percent."""
    reached_at = models.DateTimeField(null=True)
    """When 100 percent were seen first; a longer grace counts from then."""

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["policy", "subject_id", "first_day"], name="reached_once")]

    def __str__(self) -> str:
        return f"{self.policy_id} {self.subject_id} {self.told} %"


class Stop(TenantModel):
    """A line that a rule has stopped. Open until the rule would no longer stop it."""

    fleet_line_id = models.BigIntegerField()
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+")
    words = models.CharField(max_length=300)
    stopped_at = models.DateTimeField()
    resumed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "fleet_line_id"], condition=Q(resumed_at__isnull=True), name="stop_one_open"
            )
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="stop_newest")]

    def __str__(self) -> str:
        return f"line {self.fleet_line_id}"


class RuleTopUp(TenantModel):
    """More data that a rule asked for: the n-th of its line in a month."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+")
    fleet_line_id = models.BigIntegerField()
    first_day = models.DateField()
    number = models.PositiveSmallIntegerField()
    plan_bytes = models.BigIntegerField()
    """Of the line's plan then: the next one is asked for when that has grown."""
    asked_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "fleet_line_id", "first_day", "number"], name="rule_top_up_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.fleet_line_id} #{self.number}"
