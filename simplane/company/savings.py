"""What the company could do to pay less: dearest first, each done by one click or dismissed with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.reach import within
from simplane.company.shell import CompanyRequest, page, show
from simplane.core import clock, jobs
from simplane.core.db import transaction
from simplane.core.errors import NotFound
from simplane.fleet.actions import change_plan, terminate
from simplane.fleet.models import FleetLine, Plan
from simplane.fleet.possible import hindrance
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of
from simplane.usage import savings
from simplane.usage.models import Saving

State = Saving.State
TABS = {State.OPEN: "Open", State.APPLIED: "Done", State.DISMISSED: "Dismissed"}
KINDS = {
    "smaller_plan": "Smaller plan",
    "unused_line": "Unused line",
    "pool": "Share data",
    "other_supplier": "Other supplier",
}
OTHER = "its supplier does not have that plan: order a line on it, then end this one"
DOES = {"change_plan": "Change the plan", "terminate": "End the line", "ask_us": "Ask for a shared plan"}


@dataclass(frozen=True, slots=True)
class Row:
    """A suggestion as the page shows it. `by_hand`: what to do where the button can not; empty: it can."""

    saving: Saving
    kind: str
    does: str
    line: FleetLine | None
    by_hand: str


@require_safe
@page("spend:read")
def savings_page(request: CompanyRequest) -> HttpResponse:
    """Open ones, or those that were done or dismissed; a manager's are about their teams' lines only."""
    state = request.GET.get("state") if request.GET.get("state") in TABS else State.OPEN
    found = page_of(_visible(request).filter(state=state), request.GET, by="saves_minor")
    context = {
        "page": found,
        "rows": _rows(list(found.rows)),
        "sums": sums(request),
        "state": state,
        "tabs": TABS.items(),
        "seen_at": _visible(request).order_by("-seen_at").values_list("seen_at", flat=True).first(),
    }
    return show(request, "savings", "savings", context)


@require_POST
@page("lines:write")
def savings_apply(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Do it: the line's own verb with its rules and budgets; a double click does it once."""
    found = _own(request, public_id)
    if attempt(request, f"{DOES[found.verb]}: asked for.", lambda: _apply(found, request.company.actor)):
        savings.applied(public_id)
    return redirect("company:savings")


@require_POST
@page("lines:write")
def savings_dismiss(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Not wanted; the reason stands beside it."""
    _own(request, public_id)
    reason = request.POST.get("reason", "")
    attempt(request, "Dismissed; it is not suggested again.", lambda: savings.dismiss(public_id, reason=reason))
    return redirect("company:savings")


@require_POST
@page("lines:write")
def savings_reopen(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Look at a dismissed one again."""
    _own(request, public_id, State.DISMISSED)
    attempt(request, "It is open again.", lambda: savings.reopen(public_id))
    return redirect("company:savings")


@require_POST
@page("lines:write")
def savings_look(request: CompanyRequest) -> HttpResponse:
    """Look for more now instead of tomorrow morning."""
    with transaction():
        company = request.company.organization.pk
        jobs.enqueue("company.find_savings", once_key=f"savings:{company}", organization_id=company)
    messages.success(request, "We look at all lines now; reload this page in a minute.")
    return redirect("company:savings")


def sums(request: CompanyRequest) -> list[tuple[int, str]]:
    """What all open ones together save a month, by currency in minor units."""
    rows = _visible(request).filter(state=State.OPEN).order_by().values_list("currency")
    return [(minor, currency) for currency, minor in rows.annotate(sum=Sum("saves_minor")).order_by("-sum")]


def dearest(request: CompanyRequest, many: int) -> list[Saving]:
    """The open ones that save most."""
    return list(_visible(request).filter(state=State.OPEN).order_by("-saves_minor", "-pk")[:many])


def _visible(request: CompanyRequest) -> QuerySet[Saving]:
    rows: QuerySet[Saving] = Saving.objects.all()
    if not request.company.narrow:
        return rows
    theirs = within(request.company, FleetLine.objects.all()).values_list("public_id", flat=True)
    return rows.filter(lines__contained_by=list(theirs))


def _own(request: CompanyRequest, public_id: str, state: str = State.OPEN) -> Saving:
    found = _visible(request).filter(public_id=public_id, state=state).first()
    if found is None:
        raise NotFound("there is no such suggestion any more")
    return found


def _apply(saving: Saving, asked_by: str) -> None:
    reason, key = f"to save: {saving.words}"[:300], f"{saving.public_id}:{saving.found_at:%Y%m%d}"
    if saving.verb == "terminate":
        terminate(saving.lines[0], asked_by=asked_by, reason=reason, key=key)
    elif saving.verb == "change_plan":
        change_plan(
            saving.lines[0], saving.plan, asked_by=asked_by, reason=reason, key=key, on=_plan_ends(saving.lines[0])
        )
    else:
        with transaction():
            jobs.enqueue("company.ask_for_shared_plan", organization_id=saving.organization_id, saving_id=saving.pk)


def _plan_ends(line: str) -> date | None:
    """The day after which a new plan costs nothing twice; None: now."""
    ends = FleetLine.objects.filter(public_id=line).values_list("expires_at", flat=True).first()
    return ends.date() if ends is not None and ends > clock.now() else None


def _rows(found: list[Saving]) -> list[Row]:
    single = {one.lines[0] for one in found if len(one.lines) == 1}
    rows = FleetLine.objects.filter(public_id__in=single).select_related("plan", "employee", "team")
    lines = {one.public_id: one for one in rows}
    plans = {one.public_id: one for one in Plan.objects.filter(public_id__in={one.plan for one in found})}
    return [
        Row(one, KINDS[one.kind], DOES[one.verb], line, _by_hand(one, line, plans.get(one.plan)))
        for one in found
        for line in [lines.get(one.lines[0])]
    ]


def _by_hand(saving: Saving, line: FleetLine | None, plan: Plan | None) -> str:
    if saving.verb == "ask_us":
        return ""
    if line is None:
        return "this line is gone"
    if saving.verb == "change_plan" and (plan is None or line.supplier not in plan.suppliers):
        return OTHER
    return hindrance(line, saving.verb)
