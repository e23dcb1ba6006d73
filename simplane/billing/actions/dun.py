"""Reminders of what is overdue: three steps, each once, never of what is in dispute."""

from __future__ import annotations

from datetime import date, timedelta

from simplane.billing.actions.lock import locked_row
from simplane.billing.actions.writing import writing
from simplane.billing.events import InvoiceOverdue
from simplane.billing.models import DunningStep, Invoice
from simplane.core import audit, clock, events
from simplane.core.tenancy import everywhere

DAYS_LATE = (3, 14, 28)
"""After the due day, for steps 1, 2 and 3."""
PAUSE = timedelta(days=7)
"""At least so long between two of them, however late the first one was."""


def dun_all() -> int:
    """Write the reminders that are due today; returns how many. The same day again writes none."""
    today = clock.now().date()
    with everywhere():
        late = Invoice.objects.filter(
            kind=Invoice.Kind.INVOICE,
            state=Invoice.State.LOCKED,
            disputed_at__isnull=True,
            due_on__lte=today - timedelta(days=DAYS_LATE[0]),
        )
        wanted = list(late.order_by("due_on", "pk").values_list("pk", flat=True))
    return sum(remind(pk) is not None for pk in wanted)


def remind(invoice_id: int) -> DunningStep | None:
    """The next reminder of an invoice, when it is due; None when none is. Raises NotFound."""
    now = clock.now()
    with writing():
        row = locked_row(invoice_id)
        last = DunningStep.objects.filter(invoice=row).order_by("-step").first()
        if not _is_due(row, last, now.date()):
            return None
        made: DunningStep = DunningStep.objects.create(
            organization_id=row.organization_id,
            invoice=row,
            step=last.step + 1 if last else 1,
            owed_minor=row.outstanding_minor,
            written_at=now,
        )
        events.record(
            InvoiceOverdue(organization_id=row.organization_id, dunning_id=made.pk, number=row.number, step=made.step)
        )
        after = {"step": made.step, "owed": made.owed_minor}
        audit.note("invoice.reminded", "invoice", row.public_id, after=after, organization_id=row.organization_id)
        return made


def mark_sent(dunning_id: int) -> bool:
    """The mail of a reminder is out. False: it was before."""
    with writing():
        rows = DunningStep.objects.filter(pk=dunning_id, sent_at__isnull=True)
        return bool(rows.update(sent_at=clock.now()))


def _is_due(row: Invoice, last: DunningStep | None, today: date) -> bool:
    owed = row.kind == Invoice.Kind.INVOICE and row.state == Invoice.State.LOCKED and row.outstanding_minor > 0
    if not owed or row.disputed_at is not None or row.due_on is None:
        return False
    step = last.step if last else 0
    if step >= len(DAYS_LATE) or today < row.due_on + timedelta(days=DAYS_LATE[step]):
        return False
    return last is None or today >= last.written_at.date() + PAUSE
