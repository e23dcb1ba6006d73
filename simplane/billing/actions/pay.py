"""Transfers that pay invoices: matched by number, each counted once; and disputes, which stop reminders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from simplane.billing import posting
from simplane.billing.actions.lock import books_of, locked_row, tell_paid
from simplane.billing.actions.writing import writing
from simplane.billing.errors import BadPayment, NotNow
from simplane.billing.models import Invoice, InvoicePayment, Seller
from simplane.core import audit, clock, context
from simplane.core.errors import BadInput
from simplane.core.money import Money
from simplane.core.tenancy import everywhere
from simplane.ledger.actions import post
from simplane.ledger.actions.post import Fact

State = Invoice.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """As it stands on the bank statement."""

    money: Money
    reference: str
    received_on: date


def find_invoice(text: str) -> Invoice | None:
    """The one locked invoice whose number stands in a transfer's text, however it was spaced; None when unclear."""
    letters = re.sub(r"[^0-9A-Z]", "", text.upper())
    with everywhere():
        rows = Invoice.objects.filter(kind=Invoice.Kind.INVOICE, locked_at__isnull=False)
        wanted = _numbers(letters)
        found = list(rows.filter(number__in=wanted)[:2]) if wanted else []
    return found[0] if len(found) == 1 else None


def _numbers(letters: str) -> list[str]:
    """Numbers that may be meant: prefix, year, and five digits or more."""
    found = []
    for prefix in Seller.objects.values_list("prefix", flat=True):
        bare = re.escape(re.sub(r"[^0-9A-Z]", "", prefix.upper()))
        for match in re.finditer(rf"{bare}(20\d\d)(\d{{5,9}})", letters):
            found += [f"{prefix}{match[1]}-{match[2][:size]}" for size in range(5, len(match[2]) + 1)]
    return found


def mark_paid(invoice_id: int, transfer: Transfer) -> Invoice:
    """Book a transfer for an invoice. The same transfer again changes nothing.

    Raises BadPayment for another currency or more than is owed, NotNow, BadInput, NotFound.
    """
    reference = " ".join(transfer.reference.split())
    if not 3 <= len(reference) <= 140:
        raise BadInput("a transfer needs its reference, 3 to 140 characters", fix="copy it from the bank statement")
    if transfer.received_on > clock.now().date():
        raise BadInput("this day has not come yet", fix="enter the day the money arrived")
    with writing():
        row = locked_row(invoice_id)
        known = InvoicePayment.objects.filter(
            invoice=row, reference=reference, received_on=transfer.received_on
        ).first()
        if known is not None and known.amount_minor == transfer.money.minor:
            return row
        _require_payable(row, transfer.money, known)
        paid = InvoicePayment.objects.create(
            organization_id=row.organization_id,
            invoice=row,
            amount_minor=transfer.money.minor,
            reference=reference,
            received_on=transfer.received_on,
            entered_at=clock.now(),
            entered_by=context.actor()[:120],
        )
        fact = Fact(kind="invoice_payment", key=f"invoice-payment:{paid.pk}", subject=row.public_id, reason=reference)
        post(fact, posting.paid(books_of(row), transfer.money.minor))
        _take(row, transfer.money)
        return row


def dispute(invoice_id: int, *, reason: str) -> Invoice:
    """The customer says that it is wrong: no reminder goes out until that is settled. Raises NotNow, BadInput, NotFound."""
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say what the customer objects to")
    return _set_dispute(invoice_id, reason.strip()[:200])


def settle_dispute(invoice_id: int, *, reason: str) -> Invoice:
    """It was right, or was corrected by a credit note: what is left is owed again. Raises NotNow, NotFound."""
    return _set_dispute(invoice_id, "", why=reason)


def _set_dispute(invoice_id: int, text: str, *, why: str = "") -> Invoice:
    with writing():
        row = locked_row(invoice_id)
        if row.state != State.LOCKED:
            raise NotNow(f"{row} is {row.state}", fix="only what is issued and not paid can be in dispute")
        row.dispute, row.disputed_at = text, clock.now() if text else None
        row.save(update_fields=["dispute", "disputed_at"])
        action = "invoice.disputed" if text else "invoice.dispute_settled"
        audit.note(action, "invoice", row.public_id, reason=text or why, organization_id=row.organization_id)
        return row


def _require_payable(row: Invoice, money: Money, known: InvoicePayment | None) -> None:
    if row.locked_at is None or row.kind != Invoice.Kind.INVOICE:
        raise NotNow(f"{row} is nothing to be paid", fix="look for the invoice's number in the transfer")
    if known is not None:
        raise BadPayment("this transfer was entered with another amount", fix="compare it with the bank statement")
    if money.currency != row.currency:
        raise BadPayment(f"{row.number} is in {row.currency}", fix="enter what arrived in that currency")
    if not 0 < money.minor <= row.outstanding_minor:
        left = Money(row.outstanding_minor, row.currency)
        raise BadPayment(f"{money} does not fit: {left} is left to be paid", fix="pay the rest into the wallet")


def _take(row: Invoice, money: Money) -> None:
    row.paid_minor += money.minor
    if row.outstanding_minor == 0:
        row.state = State.PAID
        tell_paid(row)
    row.save(update_fields=["paid_minor", "state"])
    after = {"amount": str(money), "left": row.outstanding_minor}
    audit.note("invoice.payment", "invoice", row.public_id, after=after, organization_id=row.organization_id)
