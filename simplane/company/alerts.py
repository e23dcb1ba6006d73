"""What the company is told: the list, and saying that somebody has it or that it is over."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.shell import CompanyRequest, page, show
from simplane.company.whom import concerning, named
from simplane.core.errors import NotFound
from simplane.policies import alerting, queries
from simplane.policies.alert_models import Alert
from simplane.policies.choices import Severity
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of

DONE = {
    "acknowledge": (alerting.acknowledge, "You have it; nobody else is told."),
    "resolve": (alerting.resolve, "It is over. When it happens again, it is told again."),
}


@require_safe
@page("alerts:read")
def alerts(request: CompanyRequest) -> HttpResponse:
    """Those that are not over (or, `?over=1`, those that are), newest first. A manager's are those of their own teams."""
    over, severity = bool(request.GET.get("over")), request.GET.get("severity", "")
    rows = concerning(request.company, queries.alerts(request.company.organization.pk, resolved=over))
    if severity in Severity.values:
        rows = rows.filter(severity=severity)
    found = page_of(rows, request.GET)
    names = named((one.level, one.subject_id) for one in found.rows)
    context = {
        "page": found,
        "rows": [(one, names[one.level, one.subject_id]) for one in found.rows],
        "over": over,
        "severities": Severity.choices,
    }
    return show(request, "alerts", "alerts", context)


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
