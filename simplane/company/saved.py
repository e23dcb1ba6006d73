"""Saved views: a member keeps a list's filters under a name, and has them as one click above the list."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST

from simplane.company.shell import CompanyRequest, page
from simplane.core.errors import NotFound
from simplane.ui.outcomes import attempt
from simplane.workforce.models import SavedView
from simplane.workforce.saved_views import LONGEST_QUERY, remove_view, save_view, views_of

LISTS = {
    "people": ("company:people", "people:read"),
    "lines": ("company:lines", "lines:read"),
    "usage": ("company:usage", "usage:read"),
    "alerts": ("company:alerts", "alerts:read"),
    "budgets": ("company:budgets", "spend:read"),
    "spend": ("company:spend", "spend:read"),
    "invoices": ("company:invoices", "billing:read"),
    "audit": ("company:audit", "audit:read"),
}
"""Each list's address, and what it asks for."""
_NO_FILTERS = frozenset({"after", "before", "file"})


@dataclass(frozen=True, slots=True)
class Views:
    """What stands above a list. `here`: its filters now, empty without any; `shown`: the view that they are."""

    of_list: str
    saved: list[SavedView]
    here: str
    shown: SavedView | None


def saved_views(request: CompanyRequest, of_list: str) -> Views:
    """The member's views of a list, and which of them is shown."""
    saved, here = list(views_of(request.company.user.pk, of_list)), filters_of(request.GET)
    return Views(of_list, saved, here, next((one for one in saved if one.query == here), None))


def filters_of(query: QueryDict) -> str:
    """What of an address filters: in order, without pages and empty fields."""
    pairs = [(name, value) for name, value in parse_qsl(query.urlencode()) if name not in _NO_FILTERS]
    return urlencode(sorted((name, value) for name, value in pairs if value.strip()))


@require_POST
@page("own:write")
def view_save(request: CompanyRequest) -> HttpResponse:
    """Keep the filters of the form's list."""
    of_list = request.POST.get("list", "")
    address = _address(request, of_list)
    query = filters_of(QueryDict(request.POST.get("query", "")[: LONGEST_QUERY + 1]))
    name = request.POST.get("name", "")
    attempt(
        request, "Saved: it stands above the list.", lambda: save_view(request.company.user.pk, of_list, name, query)
    )
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


@require_POST
@page("own:write")
def view_remove(request: CompanyRequest, public_id: str) -> HttpResponse:
    """Forget a view of one's own."""
    gone = remove_view(request.company.user.pk, public_id)
    return HttpResponseRedirect(_address(request, gone.list))


def _address(request: CompanyRequest, of_list: str) -> str:
    url_name, permission = LISTS.get(of_list, ("", ""))
    if not url_name or not request.company.may(permission):
        raise NotFound("there is no such list")
    return reverse(url_name)
