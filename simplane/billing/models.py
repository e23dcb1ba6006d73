"""Invoices and what they are made of. From its lock on an invoice is never changed: triggers of migration 0002 refuse it.

What still moves is what happens to it: payments, credit notes, a dispute, reminders.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from simplane.billing.values import Category, LineKind
from simplane.core.tenancy import TenantModel


class Seller(models.Model):
    """One of our companies that writes invoices, with a series of numbers of its own."""

    code = models.SlugField(max_length=20, unique=True)
    prefix = models.CharField(max_length=8, unique=True)
    """Every number begins with it."""
    name = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    postcode = models.CharField(max_length=20)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    vat_id = models.CharField(max_length=20)
    tax_number = models.CharField(max_length=30, blank=True)
    register = models.CharField(max_length=60)
    """Number in the trade register; identifies the seller where no VAT id may stand."""
    email = models.EmailField()
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True)
    tax_currency = models.CharField(max_length=3)
    """In which it owes tax."""
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class NumberSeries(models.Model):
    """The last number of a seller's year. Taken in the transaction that locks, so a number is used or never was given."""

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="series")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "year"], name="series_once")]

    def __str__(self) -> str:
        return f"{self.seller_id} {self.year}: {self.last}"


class BillingProfile(TenantModel):
    """To whom a customer's invoices go, and how they are written."""

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    street = models.CharField(max_length=200)
    postcode = models.CharField(max_length=20)
    city = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    vat_id = models.CharField(max_length=20, blank=True)
    """Its form and check digits were right when it was saved."""
    email = models.EmailField()
    reference = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=2, default="en")
    payment_days = models.PositiveSmallIntegerField(default=14)
    since = models.DateField()
    """The first of the first month that is invoiced here."""
    moved_on = models.DateField(null=True)
    """When it last gave another country itself; from the `moved_from` fields, where empty means that we knew none."""
    moved_from_country = models.CharField(max_length=2, blank=True, db_default="", default="")
    moved_from_vat_id = models.CharField(max_length=20, blank=True, db_default="", default="")
    move_confirmed_at = models.DateTimeField(null=True)
    """Until then it is taxed where it was before."""
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization"], name="billing_profile_once"),
            models.CheckConstraint(condition=Q(since__day=1), name="billing_profile_since"),
        ]

    def __str__(self) -> str:
        return self.name


class VatCheck(TenantModel):
    """VIES was asked about a customer's VAT id. Kept for ever: with its consultation number it is the proof that we asked."""

    class State(models.TextChoices):
        VALID = "valid", "confirmed"
        INVALID = "invalid", "not known"
        UNREACHABLE = "unreachable", "no answer"

    vat_id = models.CharField(max_length=20)
    asked_by = models.CharField(max_length=20)
    """The seller's VAT id, in whose name it was asked."""
    state = models.CharField(max_length=11, choices=State)
    consultation = models.CharField(max_length=40, blank=True)
    trader = models.CharField(max_length=200, blank=True)
    """Name and address as the member state has them; empty: it does not tell."""
    problem = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["organization", "vat_id", "-id"], name="vat_check_newest")]

    def __str__(self) -> str:
        return f"{self.vat_id} {self.state}"


class MonthRun(models.Model):
    """A person had a whole month drafted and checked, or locked: how far it is, and who was left out with the reason."""

    class Step(models.TextChoices):
        PREPARE = "prepare", "drafted and checked"
        LOCK = "lock", "issued"

    month = models.DateField()
    step = models.CharField(max_length=7, choices=Step)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    alive_at = models.DateTimeField(null=True)
    """When it last went on to another customer."""
    finished_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    """Invoices without a problem."""
    left_out = models.JSONField(default=list)
    """[[public id of the invoice or empty, customer, reason], …]"""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["month"], condition=Q(finished_at__isnull=True), name="month_run_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.step}"


class Invoice(TenantModel):
    """An invoice of a month, or a credit note that corrects one."""

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        CREDIT_NOTE = "credit_note", "credit note"

    class State(models.TextChoices):
        DRAFT = "draft"
        CHECKED = "checked"
        LOCKED = "locked", "issued"
        PAID = "paid"
        CREDITED = "credited"

    public_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.INVOICE)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+")
    month = models.DateField()
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=2)
    parties = models.JSONField()
    """{"seller": {…}, "buyer": {…}}: both as they stand on the document (`values.Party`)."""
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    gross_minor = models.BigIntegerField()
    taxes = models.JSONField()
    """[[category, basis points, net, tax], …] in minor units."""
    fingerprint = models.CharField(max_length=64)
    """SHA-256 over all that it says: what was checked is what gets locked."""
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="credit_notes")
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    checked_by = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=30, blank=True)
    issued_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    locked_at = models.DateTimeField(null=True)
    locked_by = models.CharField(max_length=120, blank=True)
    from_wallet_minor = models.BigIntegerField(default=0)
    """Of it, taken from the prepaid wallet when it was locked."""
    # Below: what happens to it afterwards.
    paid_minor = models.BigIntegerField(default=0)
    """Including what the wallet paid."""
    credited_minor = models.BigIntegerField(default=0)
    """By credit notes, gross."""
    returned_minor = models.BigIntegerField(default=0)
    """Of that, what had been paid already and went into the wallet. Of a credit note: what it put there itself."""
    replaced = models.BooleanField(default=False)
    """Credited whole in order to be written again: its month is open once more."""
    disputed_at = models.DateTimeField(null=True)
    dispute = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["seller", "number"], condition=~Q(number=""), name="invoice_number_once"),
            models.UniqueConstraint(
                fields=["organization", "month", "currency"],
                condition=Q(kind="invoice", replaced=False),
                name="invoice_once_a_month",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "checked"], number="", locked_at__isnull=True)
                | Q(~Q(number=""), locked_at__isnull=False, issued_on__isnull=False, due_on__isnull=False),
                name="invoice_locked_has_number",
            ),
            models.CheckConstraint(
                condition=Q(kind="invoice", corrects__isnull=True) | Q(kind="credit_note", corrects__isnull=False),
                name="invoice_credit_note_corrects",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="invoice_newest"),
            models.Index(fields=["month", "id"], name="invoice_of_month"),
            models.Index(fields=["due_on"], name="invoice_due", condition=Q(state="locked", disputed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.number or self.public_id

    @property
    def outstanding_minor(self) -> int:
        """What is still to be paid."""
        return self.gross_minor - self.paid_minor - self.credited_minor + self.returned_minor


class InvoiceLine(TenantModel):
    """One line. Its facts, or the line that it credits, explain it."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=[(one.value, one.value) for one in LineKind])
    what = models.CharField(max_length=200)
    sku = models.CharField(max_length=80, blank=True)
    cost_centre = models.CharField(max_length=80, blank=True)
    quantity = models.IntegerField()
    unit_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    tax_category = models.CharField(max_length=2, choices=[(one.value, one.name) for one in Category])
    tax_basis_points = models.PositiveIntegerField()
    since = models.DateField()
    until = models.DateField()
    credits = models.ForeignKey("self", models.PROTECT, null=True, related_name="credited_by")
    """Of a credit note: the line given back."""

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_once")]

    def __str__(self) -> str:
        return f"{self.position} {self.what}"


class BilledFact(TenantModel):
    """A fact on an invoice, as it was told then. The same fact stands on one invoice only."""

    line = models.ForeignKey(InvoiceLine, models.CASCADE, related_name="facts")
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=8)
    minor = models.BigIntegerField()
    at = models.DateTimeField()
    unit = models.CharField(max_length=40, blank=True)
    order = models.CharField(max_length=40, blank=True)
    person = models.CharField(max_length=200, blank=True)
    transaction_id = models.BigIntegerField(null=True)
    """In the ledger."""
    released = models.BooleanField(default=False)
    """Its invoice was credited in order to be written again: it may be billed once more."""

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"], condition=Q(released=False), name="billed_fact_once"
            )
        ]
        indexes = [models.Index(fields=["transaction_id"], name="billed_fact_of_transaction")]

    def __str__(self) -> str:
        return self.key


class InvoiceDocument(TenantModel):
    """The bytes that the customer has. Stored once: nobody's upgrade changes an invoice of last year."""

    invoice = models.OneToOneField(Invoice, models.PROTECT, primary_key=True, related_name="document")
    pdf = models.BinaryField()
    """PDF/A-3a with the XML inside."""
    xml = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    """Of the PDF."""
    made_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"document of {self.invoice_id}"


class InvoiceMail(TenantModel):
    """The customer was sent an invoice or a credit note."""

    invoice = models.OneToOneField(Invoice, models.PROTECT, primary_key=True, related_name="mail")
    to = models.EmailField()
    sent_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.invoice_id} to {self.to}"


class InvoicePayment(TenantModel):
    """A bank transfer that paid an invoice, whole or in part."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    amount_minor = models.BigIntegerField()
    reference = models.CharField(max_length=140)
    """As on the bank statement."""
    received_on = models.DateField()
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=120)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["invoice", "reference", "received_on"], name="invoice_payment_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="invoice_payment_amount"),
        ]

    def __str__(self) -> str:
        return self.reference


class DunningStep(TenantModel):
    """A reminder that was due: written first, sent by a job."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="dunning", db_index=False)
    step = models.PositiveSmallIntegerField()
    """1 a friendly reminder, 2 a second one, 3 the last before a person takes over."""
    owed_minor = models.BigIntegerField()
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["invoice", "step"], name="dunning_once_a_step")]

    def __str__(self) -> str:
        return f"{self.invoice_id} step {self.step}"
