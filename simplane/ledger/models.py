"""The double-entry ledger. Transactions and entries are only ever added: the database refuses everything else.

Triggers of migration 0002 refuse a change, a removal and a TRUNCATE, entries that do not sum to zero, and a posting
into a closed month. Only this package touches these tables (and the order function of `ordering`, which inlines them).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from simplane.organizations.models import Organization


class Ledger(models.TextChoices):
    """Two books that never touch: real money, and the play money of test twins."""

    LIVE = "live"
    TEST = "test"


class Account(models.Model):
    """One account: a kind of the chart, an owner, a currency."""

    ledger = models.CharField(max_length=4, choices=Ledger)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True)
    """Whose money; null: the operator's own accounts."""
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=80, blank=True)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ledger", "organization", "kind", "subject", "currency"],
                name="account_once",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="account_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.currency}"


class Wallet(models.Model):
    """The spendable balance of a wallet account, kept beside its entries so that one statement can decide a purchase."""

    account = models.OneToOneField(Account, models.PROTECT, primary_key=True)
    held_account = models.OneToOneField(Account, models.PROTECT, related_name="+")
    organization = models.ForeignKey(Organization, models.PROTECT)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    """Equals the sum of the account's entries; `simplane ledger verify` compares."""
    credit_limit_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency"], name="wallet_once"),
            models.CheckConstraint(condition=Q(credit_limit_minor__gte=0), name="wallet_credit_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.balance_minor} {self.currency}"


class Transaction(models.Model):
    """What happened: entries that belong together and sum to zero."""

    ledger = models.CharField(max_length=4, choices=Ledger)
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    """Named business fact, such as `unit:unt_…:sale`: the same fact is never posted twice."""
    at = models.DateTimeField()
    subject = models.CharField(max_length=80, blank=True)
    """What it is about: an order, a top-up, a payout."""
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=120)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ledger", "key"], name="transaction_once")]
        indexes = [
            models.Index(fields=["subject"], name="transaction_subject", condition=~Q(subject="")),
            models.Index(fields=["at"], name="transaction_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Entry(models.Model):
    """One side of a transaction. A credit is positive, a debit negative."""

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False, db_constraint=False)
    """The trigger that balances a statement's entries sees that their transaction and their account in their currency exist
    (migration 0005); neither is ever removed."""
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="entry_not_zero")]
        indexes = [
            models.Index(fields=["transaction"], name="entry_of_transaction"),
            models.Index(fields=["account", "at", "id"], name="entry_of_account", include=["amount_minor"]),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.amount_minor} {self.currency}"


class Hold(models.Model):
    """Money of a wallet set aside. What remains is captured or released, in parts or at once; each part has one winner."""

    class State(models.TextChoices):
        OPEN = "open"
        SPENT = "spent", "nothing of it remains"
        EXPIRED = "expired"

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="holds", db_index=False, db_constraint=False)
    key = models.CharField(max_length=120)
    amount_minor = models.BigIntegerField()
    remaining_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    subject = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    """Null: only capture or release end it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="hold_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0)
                & Q(remaining_minor__gte=0)
                & Q(captured_minor__gte=0)
                & Q(amount_minor__gte=F("remaining_minor") + F("captured_minor")),
                name="hold_amounts",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet"], name="hold_open", condition=Q(state="open")),
            models.Index(
                fields=["expires_at"], name="hold_expires", condition=Q(state="open", expires_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.remaining_minor}/{self.amount_minor}"


class Period(models.Model):
    """A closed month of one ledger: nothing posts into it any more."""

    ledger = models.CharField(max_length=4, choices=Ledger)
    month = models.DateField()
    """The first of the month, UTC."""
    closed_at = models.DateTimeField()
    closed_by = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ledger", "month"], name="period_once")]

    def __str__(self) -> str:
        return f"{self.ledger} {self.month:%Y-%m}"


class Seal(models.Model):
    """A link of a ledger's hash chain: SHA-256 over the link before and the whole transaction."""

    transaction = models.OneToOneField(
        Transaction, models.PROTECT, primary_key=True, db_constraint=False, related_name="seal"
    )
    """Without a foreign key: a removed transaction must be missed here, not impossible to record."""
    ledger = models.CharField(max_length=4, choices=Ledger)
    number = models.BigIntegerField()
    """1, 2, 3, … in each ledger."""
    hash = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ledger", "number"], name="seal_number")]

    def __str__(self) -> str:
        return f"{self.ledger} {self.number}"


class Adjustment(models.Model):
    """A wallet corrected by hand: proposed by one person, posted or declined by another."""

    class Cause(models.TextChoices):
        GOODWILL = "goodwill", "goodwill: we give it"
        DEBT = "debt", "a debt we write off"
        CORRECTION = "correction", "a mistake in our books"

    class State(models.TextChoices):
        WAITING = "waiting"
        POSTED = "posted"
        DECLINED = "declined"

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="adjustments")
    amount_minor = models.BigIntegerField()
    """Positive: into the wallet. Negative: out of it."""
    cause = models.CharField(max_length=10, choices=Cause)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    proposed_by = models.CharField(max_length=120)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=200, blank=True)
    transaction = models.OneToOneField(Transaction, models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="adjustment_not_zero"),
            models.CheckConstraint(
                condition=~Q(state="posted") | ~Q(decided_by=F("proposed_by")) & Q(transaction__isnull=False),
                name="adjustment_four_eyes",
            ),
        ]
        indexes = [models.Index(fields=["proposed_at"], name="adjustment_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.wallet_id} {self.amount_minor}"
