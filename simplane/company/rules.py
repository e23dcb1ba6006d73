"""The rules of a company: the list, one with its history, and what it would have done last month."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from simplane.company.last_month import dry_run
from simplane.company.reach import led_by
from simplane.company.rule_kinds import FORMS
from simplane.company.shell import CompanyRequest, page, show
from simplane.company.whom import concerning, named
from simplane.core.errors import NotFound
from simplane.policies.models import Policy, PolicyVersion, Stop
from simplane.policies.reading import as_rule
from simplane.policies.rules import read

SHOWN = 50


@require_safe
@page("policies:read")
def rules(request: CompanyRequest) -> HttpResponse:
    """All rules that hold, by kind; a manager's are the company's and those of their own teams."""
    found = concerning(request.company, Policy.objects.filter(active=True), wide=True)
    rows = list(found.order_by("kind", "level", "pk"))
    names = named((one.level, one.subject_id) for one in rows)
    shown = [(one, FORMS[one.kind].label, says(one), names[one.level, one.subject_id]) for one in rows]
    return show(request, "rules", "rules", {"rows": shown})


@require_safe
@page("policies:read")
def rule(request: CompanyRequest, public_id: str) -> HttpResponse:
    """One rule. With `?dry_run=1` it is tried on last month."""
    found = own_rule(request, public_id)
    versions = PolicyVersion.objects.filter(policy=found).order_by("-version")[:SHOWN]
    teams = set(led_by(request.company).values_list("pk", flat=True)) if request.company.narrow else None
    month, tried = dry_run(as_rule(found), teams=teams) if request.GET.get("dry_run") else (None, None)
    context = {
        "rule": found,
        "label": FORMS[found.kind].label,
        "says": says(found),
        "whom": named([(found.level, found.subject_id)])[found.level, found.subject_id],
        "history": [(one, read(found.kind, one.params).says()) for one in versions],
        "stopped": Stop.objects.filter(policy=found, resumed_at=None).count(),
        "month": month,
        "tried": tried,
    }
    return show(request, "rule", "rules", context)


def own_rule(request: CompanyRequest, public_id: str) -> Policy:
    """A rule that this member may see, held or not. Raises NotFound."""
    rows = concerning(request.company, Policy.objects.all(), wide=True)
    found: Policy | None = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such rule")
    return found


def says(policy: Policy) -> str:
    """The rule in a sentence."""
    return read(policy.kind, policy.params).says()
