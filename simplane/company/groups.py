"""Settings > Groups: what being in a group of the HR system means here."""

from __future__ import annotations

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from simplane.company.settings_tabs import show_settings
from simplane.company.shell import CompanyRequest, page
from simplane.core.errors import NotFound
from simplane.organizations.company_roles import WORDS
from simplane.organizations.models import CompanyRole
from simplane.ui.outcomes import attempt
from simplane.ui.paging import page_of
from simplane.workforce.groups import map_group
from simplane.workforce.models import Group, Team


@require_safe
@page("settings:write")
def groups(request: CompanyRequest) -> HttpResponse:
    """Each group with its members' number, team and role; by the beginning of its name (`q`)."""
    search = request.GET.get("q", "").replace("\0", "").strip()[:120]
    rows = Group.objects.select_related("team").annotate(many=Count("members"))
    context = {
        "page": page_of(rows.filter(display_name__istartswith=search) if search else rows, request.GET),
        "teams": Team.objects.order_by("name"),
        "roles": [(role, role.label, WORDS[role]) for role in CompanyRole],
        "typed": search,
    }
    return show_settings(request, "groups", context)


@require_POST
@page("settings:write")
def group_means(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Its members belong to this team now, and sign in with this role from their next sign-in on."""
    if not Group.objects.filter(public_id=public_id).exists():
        raise NotFound("there is no such group")
    team, role = (request.POST.get(name, "").replace("\0", "") for name in ("team", "role"))
    attempt(request, "Saved: its members are in that team now.", lambda: map_group(public_id, team=team, role=role))
    return redirect("company:groups")
