"""What waits for a second person: the list, a decision on it, and the page behind the link of a mail."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.company.look import show_outside
from simplane.company.reach import led_by
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.standing import Standing, tenant_of
from simplane.company.whom import named
from simplane.core import context as who
from simplane.core.errors import NotFound, Refusal
from simplane.policies import approvals as questions
from simplane.policies import queries
from simplane.policies.models import Approval
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `own`: this member asked it, so somebody else must answer. `whom`: the person and team it is for."""

    approval: Approval
    own: bool
    whom: str


@require_safe
@page("approvals:decide")
def approvals(request: CompanyRequest) -> HttpResponse:
    """Open ones that this member may answer, the oldest first, and what was answered last."""
    company = request.company
    over = Approval.objects.exclude(state=Approval.State.OPEN).filter(_asked_of(company))
    found = page_of(queries.questions(company.organization.pk).filter(_asked_of(company)), request.GET, ascending=True)
    context = {
        "page": found,
        "rows": _with_names(company, found.rows),
        "over": over.order_by("-pk")[:SHOWN],
    }
    return show(request, "approvals", "approvals", context)


@require_POST
@page("approvals:decide")
def decide(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Answer: `answer` is yes or no."""
    company = request.company
    if not Approval.objects.filter(_asked_of(company), public_id=public_id).exists():
        raise NotFound("there is no such question")
    approve, reason = request.POST.get("answer") == "yes", request.POST.get("reason", "")
    attempt(
        request,
        "Approved: it is being done." if approve else "Refused; who asked is told.",
        lambda: questions.decide_as(
            company.organization.pk, public_id, company.user.pk, approve=approve, reason=reason
        ),
    )
    return redirect("company:approvals")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Behind the link of a mail, without a sign-in: looking decides nothing, the page's button does, once."""
    tenant = tenant_of(request)
    try:
        asked, user_id = questions.by_token(token)
        if asked.organization_id != tenant.pk:
            raise Http404("there is no such question")
        if request.method == "POST":
            approve = request.POST.get("answer") == "yes"
            with who.acting(f"user:{user_id} by the link of a mail"):
                asked = questions.decide(token, approve, "", request.POST.get("reason", ""))
    except Refusal as refusal:
        return show_outside(request, "approve", {"refusal": refusal}, status=refusal.status)
    return show_outside(request, "approve", {"asked": asked})


def waiting(company: Standing) -> int:
    """How many questions wait for this member."""
    rows = queries.questions(company.organization.pk).filter(_asked_of(company))
    return rows.exclude(
        Q(asked_by=f"user:{company.user.pk}") | Q(asked_by__startswith=f"user:{company.user.pk} ")
    ).count()


def _with_names(company: Standing, rows: list[Approval]) -> list[Asked]:
    keys = {one.pk: [(level, one.facts[f"{level}_id"]) for level in ("employee", "team")] for one in rows}
    names = named(key for pairs in keys.values() for key in pairs if key[1])
    return [
        Asked(one, company.is_actor(one.asked_by), ", ".join(names[key].name for key in keys[one.pk] if key[1]))
        for one in rows
    ]


def _asked_of(company: Standing) -> Q:
    return Q(team_id__in=led_by(company).values("pk")) if company.narrow else Q()
