"""Settings: one entry of the menu, its pages beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from simplane.company.shell import CompanyRequest, page, show


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the settings, shown to whom it lets in. `name`: of its template, too."""

    name: str
    label: str
    url_name: str
    permission: str = "settings:write"


TABS: tuple[Tab, ...] = (
    Tab("company_data", "Company", "company:company_data", "billing:write"),
    Tab("sign_in", "Sign-in", "company:sign_in"),
    Tab("hr", "HR system", "company:hr"),
    Tab("groups", "Groups", "company:groups"),
    Tab("keys", "API keys", "company:keys"),
    Tab("domains", "Domains", "company:domains"),
    Tab("branding", "Branding", "company:branding"),
)
TAB_OF = {"connection": "sign_in", "connection_enforce": "sign_in"}
"""Pages below one of them."""


@require_safe
@page("settings:read")
def settings(_: CompanyRequest) -> HttpResponse:
    """The first page of them."""
    return redirect(TABS[0].url_name)


def show_settings(request: CompanyRequest, tab: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render `company/<tab>.html` as a page of the settings; it includes `company/settings_tabs.html`."""
    tabs = [one for one in TABS if request.company.may(one.permission)]
    return show(request, tab, "settings", {"tabs": tabs, "tab": TAB_OF.get(tab, tab), **context}, status=status)
