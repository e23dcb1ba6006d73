"""Teams with their leads, and cost centres: lists, adding, changing, removing."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TypeVar

from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from simplane.company.reach import led_by
from simplane.company.shell import CompanyRequest, page, show
from simplane.core.errors import BadInput, NotFound
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of
from simplane.workforce import places
from simplane.workforce.models import CostCentre, Employee, Team
from simplane.workforce.queries import by_address, known_people

M = TypeVar("M", bound=Model)
AT_WORK = Count("people", filter=Q(people__removed_at=None) & ~Q(people__state=Employee.State.LEFT))


@require_safe
@page("people:read")
def teams(request: CompanyRequest) -> HttpResponse:
    """Every team this member may see, and how many people it has, by name; `q`: with these words in it."""
    rows = led_by(request.company) if request.company.narrow else Team.objects.all()
    found = _with_words(rows.select_related("lead").annotate(many=AT_WORK), request, "name")
    return show(request, "teams", "teams", {"page": page_of(found, request.GET, by="name", ascending=True)})


@require_POST
@page("people:write")
def team_add(request: CompanyRequest) -> HttpResponse:
    """A new team."""
    name = request.POST.get("name", "")
    attempt(request, f"The team {name.strip()} is there.", lambda: places.add_team(name, lead=_lead(request)))
    return redirect("company:teams")


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def team(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Its name and who leads it."""
    found = Team.objects.select_related("lead").filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such team")
    if request.method != "POST":
        return show(request, "team_edit", "teams", {"team": found, "many": found.people.count()})
    name = request.POST.get("name", "")
    attempt(request, "Changed.", lambda: places.change_team(public_id, name=name, lead=_lead(request)))
    return redirect("company:teams")


@require_POST
@page("people:write")
def team_remove(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Only a team without people."""
    attempt(request, "The team is removed.", lambda: places.remove_team(public_id))
    return redirect("company:teams")


@require_safe
@page("people:read")
def cost_centres(request: CompanyRequest) -> HttpResponse:
    """Every cost centre, and how many people book on it, by code; `q`: with these words in code or name."""
    found = _with_words(CostCentre.objects.annotate(many=AT_WORK), request, "code", "name")
    return show(
        request, "cost_centres", "cost_centres", {"page": page_of(found, request.GET, by="code", ascending=True)}
    )


@require_POST
@page("people:write")
def cost_centre_add(request: CompanyRequest) -> HttpResponse:
    """A new cost centre."""
    code, name = request.POST.get("code", ""), request.POST.get("name", "")
    attempt(request, f"The cost centre {code.strip()} is there.", lambda: places.add_cost_centre(code, name))
    return redirect("company:cost_centres")


@require_http_methods(["GET", "HEAD", "POST"])
@page("people:write")
def cost_centre(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Its code and name."""
    found = CostCentre.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("there is no such cost centre")
    if request.method != "POST":
        return show(request, "cost_centre_edit", "cost_centres", {"centre": found, "many": found.people.count()})
    code, name = request.POST.get("code", ""), request.POST.get("name", "")
    attempt(request, "Changed.", lambda: places.change_cost_centre(public_id, code=code, name=name))
    return redirect("company:cost_centres")


@require_POST
@page("people:write")
def cost_centre_remove(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Only a cost centre without people."""
    attempt(request, "The cost centre is removed.", lambda: places.remove_cost_centre(public_id))
    return redirect("company:cost_centres")


def _lead(request: CompanyRequest) -> str:
    """Public id of the person whose address or number was typed; empty: nobody leads. Raises BadInput."""
    said = request.POST.get("lead", "").strip()
    if not said:
        return ""
    found = by_address(said) or known_people().filter(external_id=said).first()
    if found is None:
        raise BadInput(f"nobody here is known as {said}", fix="write the lead's e-mail address or number")
    return found.public_id


def _with_words(rows: QuerySet[M], request: CompanyRequest, *fields: str) -> QuerySet[M]:
    """Each word of the search stands in one of the fields."""
    for word in request.GET.get("q", "").replace("\0", "").split()[:5]:
        rows = rows.filter(reduce(or_, (Q(**{f"{field}__icontains": word}) for field in fields)))
    return rows
