"""A whole month at once, by a job: drafted and checked, then issued. A person asks, looks at who was left out, and asks again."""

from __future__ import annotations

from datetime import date, timedelta

from simplane.billing.actions.check import check_all
from simplane.billing.actions.draft import draft_all, require_over
from simplane.billing.actions.lock import lock_all
from simplane.billing.errors import NotNow
from simplane.billing.models import Invoice, MonthRun
from simplane.core import audit, clock, context, jobs
from simplane.core.db import needs_transaction, transaction
from simplane.core.tenancy import everywhere
from simplane.organizations.models import Organization

Step = MonthRun.Step
CUT_OFF = timedelta(minutes=30)


def run_month(month: date, step: str) -> MonthRun:
    """Have it done by a job. Raises NotInvoiceable before the month is over, NotNow while another run is under way."""
    month = month.replace(day=1)
    require_over(month)
    with transaction():
        _require_free(month)
        made = MonthRun.objects.create(month=month, step=step, asked_by=context.actor()[:120], asked_at=clock.now())
        jobs.enqueue("billing.run_month", run_id=made.pk)
        audit.note("invoice_month.asked", "invoice_month", f"{month:%Y-%m}", after={"step": step})
        return made


@needs_transaction
def _require_free(month: date) -> None:
    """One that nobody finished for half an hour was cut off for good; what it did stays."""
    running = MonthRun.objects.select_for_update().filter(month=month, finished_at=None)
    if running.filter(asked_at__gt=clock.now() - CUT_OFF).exists():
        raise NotNow("this month is being worked on already", fix="wait until that is done")
    running.update(finished_at=clock.now(), left_out=[["", "", "It was cut off: ask again."]])


def carry_out(run_id: int) -> None:
    """Each customer in a commit of its own, so a run that is cut off goes on where it was."""
    run = MonthRun.objects.get(pk=run_id)
    if run.finished_at is not None:
        return
    with context.acting(run.asked_by):
        left_out = _prepared(run.month) if run.step == Step.PREPARE else _issued(run.month)
    wanted = [Invoice.State.CHECKED] if run.step == Step.PREPARE else [Invoice.State.LOCKED, Invoice.State.PAID]
    with everywhere():
        done = Invoice.objects.filter(month=run.month, kind=Invoice.Kind.INVOICE, state__in=wanted).count()
    with transaction():
        MonthRun.objects.filter(pk=run_id).update(done=done, left_out=left_out, finished_at=clock.now())


def _prepared(month: date) -> list[list[str]]:
    drafted = draft_all(month)
    names = dict(
        Organization.objects.filter(slug__in=[slug for slug, _ in drafted.refused]).values_list("slug", "name")
    )
    return [["", names[slug], why] for slug, why in drafted.refused] + _named(check_all(month))


def _issued(month: date) -> list[list[str]]:
    return _named({public_id: [why] for public_id, why in lock_all(month).refused})


def _named(problems: dict[str, list[str]]) -> list[list[str]]:
    with everywhere():
        rows = Invoice.objects.filter(public_id__in=problems).select_related("organization")
        names = {row.public_id: row.organization.name for row in rows}
    return [[public_id, names[public_id], " ".join(why)] for public_id, why in problems.items()]
