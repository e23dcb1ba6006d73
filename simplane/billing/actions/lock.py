"""Locking: number, document, ledger and state in one commit, or none of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db import connection

from simplane.billing import einvoice, paper, posting, proof, reading
from simplane.billing.actions.writing import unwatched, writing
from simplane.billing.errors import ChangedSinceCheck, NotNow
from simplane.billing.events import InvoiceIssued, InvoicePaid
from simplane.billing.models import BilledFact, BillingProfile, Invoice, InvoiceDocument, Seller
from simplane.billing.posting import Books
from simplane.core import audit, clock, context, events
from simplane.core.db import needs_transaction
from simplane.core.errors import NotFound, Refusal
from simplane.core.tenancy import everywhere
from simplane.ledger.actions import open_wallet, post
from simplane.ledger.actions.post import Fact
from simplane.ledger.models import Wallet
from simplane.ledger.values import Posting

State = Invoice.State
NEXT_NUMBER = """
INSERT INTO billing_numberseries AS series (seller_id, year, last) VALUES (%s, %s, 1)
ON CONFLICT (seller_id, year) DO UPDATE SET last = series.last + 1 RETURNING last
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """What came of locking many. `refused`: public id and reason."""

    numbers: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def lock(invoice_id: int) -> Invoice:
    """Issue a checked invoice. Once locked it answers the same again and posts nothing twice.

    Raises NotNow, ChangedSinceCheck, BadDocument, NotFound; then no number was used.
    """
    with writing():
        row = locked_row(invoice_id)
        if row.locked_at is not None:
            return row
        if row.state != State.CHECKED:
            raise NotNow("this draft was not checked", fix="check it first")
        profile = BillingProfile.objects.select_related("seller").get(organization_id=row.organization_id)
        if reading.parties_of(profile) != row.parties or reading.fingerprint(reading.draft_of(row)) != row.fingerprint:
            raise ChangedSinceCheck(fix="draft the month again and check it")
        paid_minor = _post(row)
        issue(row, days=profile.payment_days, paid_minor=paid_minor)
        audit.note(
            "invoice.locked",
            "invoice",
            row.public_id,
            after={"number": row.number, "gross": row.gross_minor, "currency": row.currency},
            organization_id=row.organization_id,
        )
        return row


def lock_all(month: date, goes_on: Callable[[], None] = unwatched) -> Locked:
    """Every checked invoice of a month, in the order in which they were drafted. `goes_on` is called before each."""
    with everywhere():
        rows = Invoice.objects.filter(month=month, state=State.CHECKED).order_by("pk")
        wanted = list(rows.values_list("pk", "public_id"))
    numbers, refused = [], []
    for pk, public_id in wanted:
        goes_on()
        try:
            numbers.append(lock(pk).number)
        except Refusal as why:
            refused.append((public_id, str(why)))
    return Locked(tuple(numbers), tuple(refused))


@needs_transaction
def locked_row(invoice_id: int) -> Invoice:
    """The invoice, its customer's profile locked first: one verb at a time for a customer. Raises NotFound."""
    owner = Invoice.objects.filter(pk=invoice_id).values("organization_id")
    BillingProfile.objects.select_for_update().filter(organization_id__in=owner).first()
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("seller", "organization")
    found: Invoice | None = rows.filter(pk=invoice_id).first()
    if found is None:
        raise NotFound("there is no such invoice")
    return found


@needs_transaction
def issue(row: Invoice, *, days: int, paid_minor: int) -> None:
    """Give it the next number and its document, and lock it. Raises BadDocument, which undoes all of it."""
    now = clock.now()
    number = _next_number(row.seller, now.date().year)
    document = reading.document_of(row, number=number, issued_on=now.date(), days=days, paid_minor=paid_minor)
    xml = einvoice.to_xml(document)
    proof.require_proper(xml)
    pdf = paper.to_pdf(document, xml)
    row.number, row.issued_on, row.due_on = number, document.issued_on, document.due_on
    row.locked_at, row.locked_by = now, context.actor()[:120]
    row.from_wallet_minor = row.paid_minor = paid_minor
    row.state = State.LOCKED if document.due_minor else State.PAID
    row.save()
    InvoiceDocument.objects.create(
        organization_id=row.organization_id,
        invoice=row,
        pdf=pdf,
        xml=xml,
        sha256=hashlib.sha256(pdf).hexdigest(),
        made_at=now,
    )
    events.record(InvoiceIssued(organization_id=row.organization_id, invoice_id=row.pk, number=number))
    if row.state == State.PAID and row.kind == Invoice.Kind.INVOICE:
        tell_paid(row)


@needs_transaction
def tell_paid(row: Invoice) -> None:
    """Nothing is left to be paid."""
    events.record(InvoicePaid(organization_id=row.organization_id, invoice_id=row.pk, number=row.number))


@needs_transaction
def post_once(row: Invoice, what: str, postings: list[Posting], *, force: bool = False) -> None:
    """Into the ledger under the invoice's name; nothing where nothing moves."""
    if postings:
        fact = Fact(kind=what, key=f"{what}:{row.public_id}", subject=row.public_id)
        post(fact, postings, may_overdraw=force)


def books_of(row: Invoice) -> Books:
    """The accounts that this invoice moves. Needs `seller` and `organization` loaded."""
    return Books(row.organization_id, row.currency, "wholesale", row.seller.country)


def unbooked_minor(row: Invoice) -> int:
    """Net of its facts that no transaction of the ledger stands for yet."""
    facts = BilledFact.objects.filter(line__invoice=row, transaction_id__isnull=True)
    return sum(facts.values_list("minor", flat=True))


@needs_transaction
def _post(row: Invoice) -> int:
    """Moves the debt from wallet to invoice and lets the wallet pay; returns what it paid, in minor units."""
    wallet = open_wallet(row.organization, row.currency)
    books, fresh = books_of(row), unbooked_minor(row)
    # The debt leaves the wallet before it pays: what it holds then is prepaid money.
    moved = posting.issued(books, booked=row.net_minor - fresh, fresh=fresh, tax=row.tax_minor)
    post_once(row, "invoice", moved, force=True)
    balance = Wallet.objects.select_for_update().get(pk=wallet.pk).balance_minor
    paid = max(0, min(row.gross_minor, balance))
    post_once(row, "invoice_from_wallet", posting.from_wallet(books, paid))
    return paid


@needs_transaction
def _next_number(seller: Seller, year: int) -> str:
    """The series' row stays locked until commit, so numbers follow each other and a rollback gives its number back."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER, [seller.pk, year])
        (last,) = cursor.fetchone()
    return f"{seller.prefix}{year}-{last:05d}"
