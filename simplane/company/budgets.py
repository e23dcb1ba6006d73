"""Budgets: who is over theirs, on one page; and making, changing and ending one."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.company.budget_forms import AmountsForm, BudgetForm
from simplane.company.rule_acts import number
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.whom import Whom, mine, named
from simplane.company.whom_form import WhomForm
from simplane.core.errors import NotFound
from simplane.policies import budget_acts, queries
from simplane.policies.models import Budget
from simplane.policies.queries import BudgetRow
from simplane.ui.outcomes import attempt

Shown = tuple[BudgetRow, Whom]
MOST = 200
"""Rows of one page, the fullest ones."""


@require_safe
@page("spend:read")
def budgets(request: CompanyRequest) -> HttpResponse:
    """Every budget as it stands now, for everybody who used it, the fullest first; `?over=1`: only those at 100 %.

    `q`: with these words in whose it is or its name.
    """
    over = bool(request.GET.get("over"))
    words = request.GET.get("q", "").lower().split()[:5]
    rows = with_names(visible(request, from_percent=100 if over else 0))
    found = [one for one in rows if all(word in f"{one[1].name} {one[0].budget.name}".lower() for word in words)]
    context = {"rows": found[:MOST], "over": over, "more": max(0, len(found) - MOST)}
    context["views"] = saved_views(request, "budgets")
    return show(request, "budgets", "budgets", context)


def visible(request: CompanyRequest, *, from_percent: int = 0) -> list[BudgetRow]:
    """Budgets that this member may see, the fullest first."""
    own = mine(request.company)
    found = queries.budgets(request.company.organization.pk, from_percent=from_percent)
    return [one for one in found if own is None or (one.budget.level, one.subject_id) in own]


def with_names(rows: list[BudgetRow]) -> list[Shown]:
    """Each with whose it is."""
    names = named((one.budget.level, one.subject_id) for one in rows)
    return [(one, names[one.budget.level, one.subject_id]) for one in rows]


@require_http_methods(["GET", "HEAD", "POST"])
@page("budgets:write")
def new_budget(request: CompanyRequest) -> HttpResponse:
    """A budget for the company, or for one or each of its teams, cost centres or people."""
    form, whom = BudgetForm(request.POST or None), WhomForm(request.POST or None, each=True)
    if request.method == "POST" and form.is_valid() and whom.is_valid():
        level, subject_id = whom.subject()
        typed = form.cleaned_data
        done = attempt(
            request,
            "The budget holds from now on.",
            lambda: budget_acts.make(
                request.company.organization.pk,
                typed["name"],
                form.amounts(),
                currency=typed["currency"],
                every=typed["every"],
                level=level,
                subject_id=subject_id,
            ),
        )
        if done:
            return redirect("company:budgets")
    return show(request, "budget_form", "budgets", {"form": form, "whom": whom, "budget": None})


@require_http_methods(["GET", "HEAD", "POST"])
@page("budgets:write")
def edit_budget(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Other amounts, for the present period too."""
    found = _own(public_id)
    form = AmountsForm(request.POST or None, currency=found.currency, initial=AmountsForm.typed(found))
    if request.method == "POST" and form.is_valid():
        version, reason = number(request.POST.get("version", "")), request.POST.get("reason", "")
        company = request.company.organization.pk
        change = form.amounts()
        if attempt(
            request,
            "Changed, for the present period too.",
            lambda: budget_acts.change(company, public_id, change, version=version, reason=reason),
        ):
            return redirect("company:budgets")
    whom = named([(found.level, found.subject_id)])[found.level, found.subject_id]
    return show(request, "budget_form", "budgets", {"form": form, "budget": found, "for": whom})


@require_POST
@page("budgets:write")
def retire_budget(request: CompanyRequest, public_id: str) -> HttpResponse:
    """The budget holds no more; what was spent stays known."""
    _own(public_id)
    version, reason = number(request.POST.get("version", "")), request.POST.get("reason", "")
    attempt(
        request,
        "The budget holds no more.",
        lambda: budget_acts.retire(request.company.organization.pk, public_id, version=version, reason=reason),
    )
    return redirect("company:budgets")


def _own(public_id: str) -> Budget:
    found: Budget | None = Budget.objects.filter(public_id=public_id, active=True).first()
    if found is None:
        raise NotFound("there is no such budget")
    return found
