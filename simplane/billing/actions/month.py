"""A whole month at once, by a job: drafted and checked, then issued. A person asks, looks at who was left out, and asks again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from django.db import IntegrityError
from django.db.models.functions import Coalesce

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
    try:
        with transaction():
            return _asked(month, step)
    except IntegrityError:
        # Somebody asked in the same moment: no row to wait for was there yet.
        raise _busy() from None


@needs_transaction
def _asked(month: date, step: str) -> MonthRun:
    _require_free(month)
    now = clock.now()
    made = MonthRun.objects.create(month=month, step=step, asked_by=context.actor()[:120], asked_at=now, alive_at=now)
    jobs.enqueue("billing.run_month", run_id=made.pk)
    audit.note("invoice_month.asked", "invoice_month", f"{month:%Y-%m}", after={"step": step})
    return made


def _busy() -> NotNow:
    return NotNow("this month is being worked on already", fix="wait until that is done")


@needs_transaction
def _require_free(month: date) -> None:
    """One that went on to no other customer for half an hour was cut off for good; what it did stays."""
    running = MonthRun.objects.select_for_update().filter(month=month, finished_at=None)
    if running.alias(alive=Coalesce("alive_at", "asked_at")).filter(alive__gt=clock.now() - CUT_OFF).exists():
        raise _busy()
    running.update(finished_at=clock.now(), left_out=[["", "", "It was cut off: ask again."]])


def carry_out(run_id: int) -> None:
    """Each customer in a commit of its own, so a run that is cut off goes on where it was."""
    run = MonthRun.objects.get(pk=run_id)
    if run.finished_at is not None:
        return
    with context.acting(run.asked_by):
        step = _prepared if run.step == Step.PREPARE else _issued
        left_out = step(run.month, partial(_goes_on, run_id))
    wanted = [Invoice.State.CHECKED] if run.step == Step.PREPARE else [Invoice.State.LOCKED, Invoice.State.PAID]
    with everywhere():
        done = Invoice.objects.filter(month=run.month, kind=Invoice.Kind.INVOICE, state__in=wanted).count()
    with transaction():
        rows = MonthRun.objects.filter(pk=run_id, finished_at=None)
        rows.update(done=done, left_out=left_out, finished_at=clock.now())


def _goes_on(run_id: int) -> None:
    """Said before each customer, written once a minute: a month of many customers takes longer than half an hour."""
    now = clock.now()
    MonthRun.objects.filter(pk=run_id, finished_at=None, alive_at__lte=now - timedelta(minutes=1)).update(alive_at=now)


def _prepared(month: date, goes_on: Callable[[], None]) -> list[list[str]]:
    drafted = draft_all(month, goes_on)
    names = dict(
        Organization.objects.filter(slug__in=[slug for slug, _ in drafted.refused]).values_list("slug", "name")
    )
    return [["", names[slug], why] for slug, why in drafted.refused] + _named(check_all(month, goes_on))


def _issued(month: date, goes_on: Callable[[], None]) -> list[list[str]]:
    return _named({public_id: [why] for public_id, why in lock_all(month, goes_on).refused})


def _named(problems: dict[str, list[str]]) -> list[list[str]]:
    with everywhere():
        rows = Invoice.objects.filter(public_id__in=problems).select_related("organization")
        names = {row.public_id: row.organization.name for row in rows}
    return [[public_id, names[public_id], " ".join(why)] for public_id, why in problems.items()]
