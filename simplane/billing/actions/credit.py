"""Correcting a locked invoice: a credit note of its own number gives back lines, whole or in part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Sum

from simplane.billing import posting, reading
from simplane.billing.actions.draft import write_lines
from simplane.billing.actions.lock import books_of, issue, locked_row, post_once, tell_paid, unbooked_minor
from simplane.billing.actions.writing import writing
from simplane.billing.errors import NotNow
from simplane.billing.models import BilledFact, Invoice, InvoiceLine
from simplane.billing.totals import totals
from simplane.billing.values import Category, DraftLine, InvoiceDraft, LineKind, Totals, Treatment
from simplane.core import audit, clock
from simplane.core.db import needs_transaction
from simplane.core.errors import BadInput
from simplane.core.ids import new_id

State = Invoice.State


@dataclass(frozen=True, slots=True)
class _Part:
    """So much of a line is given back."""

    line: InvoiceLine
    quantity: int


def credit(
    invoice_id: int, *, reason: str, quantities: Mapping[int, int] | None = None, again: bool = False
) -> Invoice:
    """Write and lock a credit note. `quantities`: how many of which position; None: everything that is left.

    What was paid already goes into the wallet. `again`: all of it was wrong and is to be written again; its facts are free
    for the next draft of the month, and the ledger is as before. Raises NotNow, BadInput, NotFound, BadDocument.
    """
    if not reason.strip():
        raise BadInput("a reason is missing", fix="say why; it stands on the credit note")
    with writing():
        row = locked_row(invoice_id)
        _require_correctable(row, again=again, whole=quantities is None)
        parts = _parts(row, quantities)
        left = _left(row)
        whole = all(left[part.line.position] == part.quantity for part in parts) and len(parts) == len(
            [one for one in left.values() if one]
        )
        note = _write(row, parts, reason.strip()[:200], whole=whole)
        returned = max(0, note.gross_minor - max(0, row.outstanding_minor))
        issue(note, days=0, paid_minor=0)
        _post(row, note, returned=returned, again=again)
        _note_on(row, note, returned=returned, whole=whole, again=again)
        return note


def _require_correctable(row: Invoice, *, again: bool, whole: bool) -> None:
    if row.kind != Invoice.Kind.INVOICE:
        raise NotNow(f"{row} is a credit note itself", fix="correct the invoice that it corrects")
    if row.locked_at is None:
        raise NotNow("a draft is not credited", fix="draft the month again")
    if row.state == State.CREDITED:
        raise NotNow(f"{row.number} is credited whole already")
    if again and (not whole or row.credited_minor):
        raise NotNow("only a whole invoice is written again", fix="credit the lines that are wrong")


@needs_transaction
def _left(row: Invoice) -> dict[int, int]:
    """What of each position was not given back yet. Quantities of credits are below zero."""
    lines = InvoiceLine.objects.filter(invoice=row).annotate(back=Sum("credited_by__quantity"))
    return {one.position: one.quantity - (one.back or 0) for one in lines}


@needs_transaction
def _parts(row: Invoice, quantities: Mapping[int, int] | None) -> list[_Part]:
    left = _left(row)
    wanted = {number: many for number, many in left.items() if many} if quantities is None else dict(quantities)
    lines = {one.position: one for one in InvoiceLine.objects.filter(invoice=row)}
    for number, many in wanted.items():
        if number not in left:
            raise BadInput(f"{row.number} has no line {number}", fix=f"choose one from 1 to {len(left)}")
        if many == 0 or many * left[number] <= 0 or abs(many) > abs(left[number]):
            raise BadInput(f"of line {number} are {left[number]} left to be credited", fix="ask for that at most")
    if not wanted:
        raise BadInput("nothing is to be credited", fix="name a line and how many of it")
    return [_Part(lines[number], many) for number, many in sorted(wanted.items())]


@needs_transaction
def _write(row: Invoice, parts: list[_Part], reason: str, *, whole: bool) -> Invoice:
    lines = tuple(_line(part) for part in parts)
    old = reading.draft_of(row)
    draft = InvoiceDraft(
        seller=old.seller,
        buyer=old.buyer,
        month=row.month,
        currency=row.currency,
        lines=lines,
        language=row.language,
    )
    found = _to_the_cent(row, totals(lines)) if whole else totals(lines)
    if found.gross_minor <= 0:
        raise BadInput("a credit note gives something back", fix="name lines that were charged")
    note: Invoice = Invoice.objects.create(
        organization_id=row.organization_id,
        public_id=new_id("inv"),
        kind=Invoice.Kind.CREDIT_NOTE,
        seller=row.seller,
        month=row.month,
        currency=row.currency,
        language=row.language,
        parties=row.parties,
        net_minor=found.net_minor,
        tax_minor=found.tax_minor,
        gross_minor=found.gross_minor,
        taxes=reading.taxes_of(found),
        fingerprint=reading.fingerprint(draft),
        corrects=row,
        reason=reason,
        created_at=clock.now(),
    )
    write_lines(note, lines, [part.line for part in parts])
    return note


def _line(part: _Part) -> DraftLine:
    old = part.line
    return DraftLine(
        kind=LineKind(old.kind),
        what=old.what,
        quantity=part.quantity,
        unit_minor=old.unit_minor,
        tax=Treatment(Category(old.tax_category), old.tax_basis_points),
        since=old.since,
        until=old.until,
        sku=old.sku,
        cost_centre=old.cost_centre,
    )


@needs_transaction
def _to_the_cent(row: Invoice, found: Totals) -> Totals:
    """The last credit note gives back the tax that earlier ones left, so that together they are the invoice."""
    left: defaultdict[Treatment, int] = defaultdict(int)
    for one in reading.totals_of(row).taxes:
        left[one.tax] += one.tax_minor
    for earlier in Invoice.objects.filter(corrects=row):
        for one in reading.totals_of(earlier).taxes:
            left[one.tax] -= one.tax_minor
    return Totals(found.net_minor, tuple(replace(one, tax_minor=left[one.tax]) for one in found.taxes))


@needs_transaction
def _post(row: Invoice, note: Invoice, *, returned: int, again: bool) -> None:
    books = books_of(row)
    if again:
        fresh = unbooked_minor(row)
        moved = posting.undone(books, booked=note.net_minor - fresh, fresh=fresh, tax=note.tax_minor, returned=returned)
    else:
        moved = posting.credited(books, net=note.net_minor, tax=note.tax_minor, returned=returned)
    # Bought is bought: the wallet may go below its limit by what is not invoiced any more.
    post_once(note, "credit_note", moved, force=True)


@needs_transaction
def _note_on(row: Invoice, note: Invoice, *, returned: int, whole: bool, again: bool) -> None:
    note.returned_minor = returned
    note.save(update_fields=["returned_minor"])
    row.credited_minor += note.gross_minor
    row.returned_minor += returned
    if row.outstanding_minor == 0 and row.state == State.LOCKED:
        tell_paid(row)
        row.state = State.PAID
    if whole:
        row.state = State.CREDITED
    if again:
        row.replaced = True
        BilledFact.objects.filter(line__invoice=row).update(released=True)
    row.save(update_fields=["credited_minor", "returned_minor", "state", "replaced"])
    after = {"by": note.number, "gross": note.gross_minor, "returned": returned, "again": again}
    audit.note(
        "invoice.credited",
        "invoice",
        row.public_id,
        after=after,
        reason=note.reason,
        organization_id=row.organization_id,
    )
