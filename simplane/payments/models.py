"""Money that comes in: Stripe accounts, top-ups, what was given back or disputed, bank transfers, payouts.

Every row that asks Stripe for something is committed before the call, with the call's parameters, and owes a step until
the outcome is known. No card number ever comes here: only Stripe's ids and what a person needs to recognise a card.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from simplane.core.crypto import SecretJSONField
from simplane.core.models import WorkItem
from simplane.organizations.models import Organization, User
from simplane.payments import invoice_models  # noqa: F401  Django looks for tables here


class StripeAccount(models.Model):
    """One account at Stripe in one mode: the live one takes real money, the test one that of test twins."""

    key = models.SlugField(max_length=40, unique=True)
    """In our webhook address /webhooks/stripe/<key>, and the subject of its accounts in the ledger."""
    name = models.CharField(max_length=80)
    is_test = models.BooleanField()
    api_url = models.CharField(max_length=200, blank=True)
    """A stand-in's address; empty: Stripe's own."""
    credentials = SecretJSONField()
    """{"api_key", "webhook_secret", "previous_webhook_secrets": []}"""
    active = models.BooleanField(default=True)
    is_stand_in = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_test"], condition=Q(active=True), name="stripe_account_one_a_mode")
        ]

    def __str__(self) -> str:
        return self.key


class StripeCustomer(models.Model):
    """An organization as Stripe knows it. Written before Stripe is asked to make it."""

    account = models.ForeignKey(StripeAccount, models.PROTECT)
    organization = models.ForeignKey(Organization, models.PROTECT)
    public_id = models.CharField(max_length=32, unique=True)
    attempt = models.PositiveIntegerField(default=1)
    """Part of the idempotency key: an error that Stripe keeps needs a new one."""
    stripe_id = models.CharField(max_length=80, null=True)  # noqa: DJ001  unique, and unknown at first

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "organization"], name="stripe_customer_once"),
            models.UniqueConstraint(fields=["account", "stripe_id"], name="stripe_customer_id"),
        ]

    def __str__(self) -> str:
        return self.public_id


class SavedCard(models.Model):
    """A card that may be charged without its holder at the screen. Removed ones stay as history."""

    customer = models.ForeignKey(StripeCustomer, models.PROTECT, related_name="cards")
    organization = models.ForeignKey(Organization, models.PROTECT)
    public_id = models.CharField(max_length=32, unique=True)
    stripe_id = models.CharField(max_length=80, unique=True)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-created_at"], name="saved_card_of_organization")]

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class CardSetup(WorkItem):
    """A visit to Stripe's page to save a card without paying."""

    class State(models.TextChoices):
        CREATED = "created"
        OPEN = "open"
        DONE = "done"
        FAILED = "failed"
        EXPIRED = "expired"

    organization = models.ForeignKey(Organization, models.PROTECT)
    account = models.ForeignKey(StripeAccount, models.PROTECT)
    public_id = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.CREATED)
    session_id = models.CharField(max_length=120, null=True, unique=True)  # noqa: DJ001  unique, and unknown at first
    url = models.TextField(blank=True)
    request = models.JSONField()
    card = models.ForeignKey(SavedCard, models.PROTECT, null=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="card_setup_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.public_id


class TopUp(WorkItem):
    """Money on its way into a wallet."""

    class Method(models.TextChoices):
        CHECKOUT = "checkout", "Stripe's payment page"
        CARD = "card", "saved card"
        AUTO = "auto", "automatic"
        BANK = "bank", "bank transfer"

    class State(models.TextChoices):
        CREATED = "created", "being prepared"
        AWAITING = "awaiting", "waits for the payer"
        PROCESSING = "processing", "on its way"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        EXPIRED = "expired"
        PARTLY_REFUNDED = "partly_refunded", "partly refunded"
        REFUNDED = "refunded"
        DISPUTED = "disputed"
        LOST = "lost", "lost in a dispute"

    organization = models.ForeignKey(Organization, models.PROTECT)
    account = models.ForeignKey(StripeAccount, models.PROTECT, null=True)
    """Null: a bank transfer."""
    public_id = models.CharField(max_length=32, unique=True)
    method = models.CharField(max_length=8, choices=Method)
    state = models.CharField(max_length=16, choices=State, default=State.CREATED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    request_key = models.CharField(max_length=255, null=True)  # noqa: DJ001  unique where there is one
    """The caller's own idempotency key."""
    card = models.ForeignKey(SavedCard, models.PROTECT, null=True)
    request = models.JSONField(default=dict)
    """What Stripe is asked, word for word: a repeat under the same key must say the same."""
    sent_at = models.DateTimeField(null=True)
    """Before the first call: Stripe keeps an idempotency key for a day."""
    session_id = models.CharField(max_length=120, null=True, unique=True)  # noqa: DJ001  unique, and unknown at first
    intent_id = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001  unique, and unknown at first
    charge_id = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001  unique, and unknown at first
    movement_id = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001  unique, and unknown at first
    """Stripe's balance transaction of the charge, once it is known and posted."""
    url = models.TextField(blank=True)
    fee_minor = models.BigIntegerField(null=True)
    settled_minor = models.BigIntegerField(null=True)
    """What arrived at Stripe before its fee, in `settled_currency`."""
    settled_currency = models.CharField(max_length=3, blank=True)
    refunded_minor = models.BigIntegerField(default=0)
    disputed_minor = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)
    credited_at = models.DateTimeField(null=True)
    looks_wanted = models.PositiveIntegerField(default=0)
    """Counts the reasons to look at it, so that one that comes during a look is not lost."""

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="top_up_amount"),
            models.CheckConstraint(condition=Q(refunded_minor__gte=0), name="top_up_refunded"),
            models.CheckConstraint(condition=Q(account__isnull=False) | Q(method="bank"), name="top_up_account"),
            models.UniqueConstraint(fields=["organization", "request_key"], name="top_up_request_once"),
            models.UniqueConstraint(
                fields=["organization", "currency"],
                condition=Q(method="auto", state__in=["created", "awaiting", "processing"]),
                name="top_up_one_auto",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="top_up_of_organization"),
            models.Index(fields=["due_at"], name="top_up_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.public_id


class TopUpRefund(WorkItem):
    """Money of a top-up going back to the payer; debited from the wallet before Stripe is asked."""

    class State(models.TextChoices):
        WANTED = "wanted"
        PENDING = "pending", "on its way"
        SUCCEEDED = "succeeded"
        FAILED = "failed", "came back"

    class Origin(models.TextChoices):
        US = "us"
        STRIPE = "stripe", "made at Stripe"

    top_up = models.ForeignKey(TopUp, models.PROTECT, related_name="refunds")
    public_id = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=9, choices=State, default=State.WANTED)
    origin = models.CharField(max_length=6, choices=Origin)
    amount_minor = models.BigIntegerField()
    stripe_id = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001  unique, and unknown at first
    sent_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="top_up_refund_amount")]
        indexes = [models.Index(fields=["due_at"], name="top_up_refund_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.public_id


class Dispute(models.Model):
    """The payer's bank wants the money back. `status` is Stripe's word; unknown words are kept as they are."""

    top_up = models.ForeignKey(TopUp, models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=60, blank=True)
    amount_minor = models.BigIntegerField()
    taken_minor = models.BigIntegerField(default=0)
    """What the wallet lost by it up to now, in the top-up's currency."""
    fee_minor = models.BigIntegerField(default=0)
    """Stripe's fee for it, in the currency the charge was settled in; borne by us."""
    answer_by = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.stripe_id


class RefundProposal(models.Model):
    """A wish to give a top-up back: entered by one person, done or declined by another."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        DECLINED = "declined"

    top_up = models.ForeignKey(TopUp, models.PROTECT, related_name="refund_proposals")
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    proposed_by = models.CharField(max_length=120)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=200, blank=True)
    refund = models.OneToOneField(TopUpRefund, models.PROTECT, null=True, related_name="proposal")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_proposal_amount"),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(decided_by=F("proposed_by")) & Q(refund__isnull=False),
                name="refund_proposal_four_eyes",
            ),
            models.UniqueConstraint(fields=["top_up"], condition=Q(state="waiting"), name="refund_proposal_one"),
        ]
        indexes = [models.Index(fields=["proposed_at"], name="refund_proposal_waits", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.top_up_id} {self.amount_minor}"


class BankTopUp(models.Model):
    """A transfer that somebody saw on our bank account: entered by one person, approved by another."""

    top_up = models.OneToOneField(TopUp, models.PROTECT, primary_key=True, related_name="bank")
    reference = models.CharField(max_length=140)
    """The bank's own number of the transfer, or its date and text: what finds it on the statement again."""
    received_on = models.DateField()
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")) | Q(approved=False),
                name="bank_top_up_four_eyes",
            ),
            models.UniqueConstraint(
                fields=["reference", "received_on"],
                condition=Q(approved__isnull=True) | Q(approved=True),
                name="bank_top_up_reference",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class AutoTopUp(models.Model):
    """Charge a saved card when a wallet falls below a threshold, at most so much a month."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    currency = models.CharField(max_length=3)
    card = models.ForeignKey(SavedCard, models.PROTECT)
    threshold_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    monthly_cap_minor = models.BigIntegerField()
    enabled = models.BooleanField(default=True)
    armed = models.BooleanField(default=True)
    """It charges once: armed again when that payment is in the wallet, or the wallet was seen at the threshold or above."""
    problem = models.CharField(max_length=300, blank=True)
    """Why it did not charge, or stopped."""
    declined = models.PositiveSmallIntegerField(default=0, db_default=0)
    """How often in a row its payment came to nothing."""
    retry_at = models.DateTimeField(null=True)
    """When it charges again after that; null: it does not, until somebody asks for it or the wallet was above."""
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency"], name="auto_top_up_once"),
            models.CheckConstraint(
                condition=Q(threshold_minor__gte=0, amount_minor__gt=0, monthly_cap_minor__gte=F("amount_minor")),
                name="auto_top_up_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.currency}"


class WalletAlarm(models.Model):
    """Tell the owner when a wallet falls below this; once until it was above again."""

    organization = models.ForeignKey(Organization, models.CASCADE)
    currency = models.CharField(max_length=3)
    below_minor = models.BigIntegerField()
    low = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "currency"], name="wallet_alarm_once")]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.currency}"


class Payout(WorkItem):
    """Money that Stripe sent to our bank, to be matched with the ledger movement by movement."""

    account = models.ForeignKey(StripeAccount, models.PROTECT)
    stripe_id = models.CharField(max_length=80, unique=True)
    status = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    automatic = models.BooleanField()
    """Stripe names the movements of an automatic payout only."""
    created_at = models.DateTimeField()
    arrives_on = models.DateField(null=True)
    matched_at = models.DateTimeField(null=True)
    differences = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="payout_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["account", "-created_at"], name="payout_newest"),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class PayoutLine(models.Model):
    """One movement of a payout as Stripe reports it, beside what our ledger says about it."""

    payout = models.ForeignKey(Payout, models.CASCADE, related_name="lines")
    stripe_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    source = models.CharField(max_length=80, blank=True)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    booked_minor = models.BigIntegerField()
    """By how much the same fact moved our clearing account."""
    top_up = models.ForeignKey(TopUp, models.PROTECT, null=True)
    difference = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payout", "stripe_id"], name="payout_line_once")]

    def __str__(self) -> str:
        return f"{self.stripe_id} {self.net_minor}"
