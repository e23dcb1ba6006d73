"""All addresses on a company's host. Each page stands behind `shell.page`; travellers' pages are their own key."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from simplane.company import give, install, line_acts, line_change, line_page, lines, overview, people, person
from simplane.company import urls_money as paying
from simplane.company import urls_people as folk
from simplane.company import urls_rules as ruling
from simplane.company import urls_settings as settling

pages: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    *folk.pages,
    path("people/", people.people, name="people"),
    path("people/<str:public_id>/", person.person, name="person"),
    path("people/<str:public_id>/give/", give.give, name="give"),
    path("lines/", lines.lines, name="lines"),
    path("lines/many/", line_acts.many_ask, name="many_ask"),
    path("lines/many/do/", line_acts.many_do, name="many_do"),
    path("lines/many/<str:public_id>/", line_acts.bulk_page, name="bulk"),
    path("lines/<str:public_id>/", line_page.line, name="line"),
    path("lines/<str:public_id>/link/", line_acts.line_link, name="line_link"),
    path("lines/<str:public_id>/change_plan/", line_change.line_change, name="line_change"),
    path("lines/<str:public_id>/planned/<str:operation>/cancel/", line_change.cancel_planned, name="cancel_planned"),
    path("lines/<str:public_id>/<str:name>/", line_acts.line_deed, name="line_deed"),
    *ruling.pages,
    *paying.pages,
    *settling.pages,
]
open_pages: list[URLPattern] = [
    path("install/<str:secret>/", install.install, name="install"),
    *folk.open_pages,
    *ruling.open_pages,
    *settling.open_pages,
]
"""Without a sign-in: the address is its own key, or nothing of it is secret."""
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((pages + open_pages, "company"))),
    path("", include("simplane.store.urls")),
    path("", include("simplane.api.scim.urls")),
    path("sign-in/", include("simplane.sso.urls")),
    path("accounts/email/", RedirectView.as_view(pattern_name="mfa_index")),
    path("accounts/", include("allauth.urls")),
]
