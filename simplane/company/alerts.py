"""What the company is told: the list, and saying that somebody has it or that it is over, one by one or many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.billing import download
from simplane.company.saved import saved_views
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.whom import Whom, concerning, named
from simplane.core.cells import csv_lines
from simplane.core.errors import NotFound
from simplane.policies import alerting, digests, queries
from simplane.policies.alert_models import Alert
from simplane.policies.choices import Severity
from simplane.policies.routes import KINDS
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of
from simplane.ui.templatetags.show import words

DONE = {
    "acknowledge": (alerting.acknowledge, "You have it; nobody else is told."),
    "resolve": (alerting.resolve, "It is over. When it happens again, it is told again."),
}
MOST_AT_ONCE = 200
MOST = 50_000
"""Rows of one file: it is made whole, behind the wall."""
COLUMNS = (
    "first at (UTC)",
    "last at (UTC)",
    "times",
    "severity",
    "kind",
    "for",
    "title",
    "text",
    "state",
    "who has it",
)


@require_safe
@page("alerts:read")
def alerts(request: CompanyRequest) -> HttpResponse:
    """Those that are not over (`?over=1`: those that are), newest first, by words, severity and kind; `?file=csv`: a file.

    A manager's are those of their own teams.
    """
    rows = _asked(request)
    if request.GET.get("file") == "csv":
        return download("alerts.csv", "text/csv; charset=utf-8", csv_lines(COLUMNS, _cells(rows)))
    found = page_of(rows, request.GET)
    query = request.GET.copy()
    query["file"] = "csv"
    context = {
        "page": found,
        "rows": list(zip(found.rows, _names(found.rows), strict=True)),
        "over": bool(request.GET.get("over")),
        "severities": Severity.choices,
        "kinds": [(one, words(one).capitalize()) for one in KINDS],
        "csv": query.urlencode(),
        "views": saved_views(request, "alerts"),
        "daily": digests.wants(request.company.organization.pk, request.company.user.pk),
    }
    return show(request, "alerts", "alerts", context)


@require_POST
@page("alerts:read")
def daily_mail(request: CompanyRequest) -> HttpResponse:
    """`wanted=1`: one mail every morning to this member; else no more."""
    company, wanted = request.company, bool(request.POST.get("wanted"))
    attempt(
        request,
        "From tomorrow on you get a mail in the morning, when there is something to say."
        if wanted
        else "No more daily mail.",
        lambda: digests.want(company.organization.pk, company.user.pk, wanted),
    )
    return redirect("company:alerts")


@require_POST
@page("alerts:write")
def alert_deed(request: CompanyRequest, public_id: str, name: str) -> HttpResponse:
    """`acknowledge` or `resolve`."""
    rows = concerning(request.company, Alert.objects.all())
    if name not in DONE or not rows.filter(public_id=public_id).exists():
        raise NotFound("there is no such alert")
    verb, done = DONE[name]
    attempt(request, done, lambda: verb(request.company.organization.pk, public_id))
    return redirect("company:alerts")


@require_POST
@page("alerts:write")
def alerts_many(request: CompanyRequest) -> HttpResponse:
    """The same for every alert that was ticked."""
    name = request.POST.get("deed", "")
    if name not in DONE:
        raise NotFound("there is no such deed")
    rows = concerning(request.company, Alert.objects.filter(public_id__in=request.POST.getlist("alert")))
    verb, done = DONE[name]
    for public_id in list(rows.order_by("pk").values_list("public_id", flat=True)[:MOST_AT_ONCE]):
        # Somebody else may have ended it meanwhile: then it is as it was wanted.
        with suppress(NotFound):
            verb(request.company.organization.pk, public_id)
    messages.success(request, done)
    return redirect("company:alerts")


def _asked(request: CompanyRequest) -> QuerySet[Alert]:
    query = request.GET
    found = queries.alerts(request.company.organization.pk, resolved=bool(query.get("over")))
    rows: QuerySet[Alert] = concerning(request.company, found)
    if query.get("severity") in Severity.values:
        rows = rows.filter(severity=query["severity"])
    if query.get("kind") in KINDS:
        rows = rows.filter(kind=query["kind"])
    for word in query.get("q", "").replace("\0", "").split()[:5]:
        rows = rows.filter(Q(title__icontains=word) | Q(text__icontains=word))
    return rows


def _names(rows: Sequence[Alert]) -> list[Whom]:
    names = named((one.level, one.subject_id) for one in rows)
    return [names[one.level, one.subject_id] for one in rows]


def _cells(rows: QuerySet[Alert]) -> Iterator[tuple[object, ...]]:
    shown = list(rows.order_by("-pk")[:MOST])
    for one, whom in zip(shown, _names(shown), strict=True):
        what = one.severity, words(one.kind), whom.name, one.title, one.text
        yield one.first_at, one.last_at, one.count, *what, one.get_state_display(), one.acknowledged_by
