"""All addresses on a company's host. Each page stands behind `shell.page`; travellers' pages are their own key."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from simplane.company import install, lines, overview, people

pages: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("people/", people.people, name="people"),
    path("lines/", lines.lines, name="lines"),
]
open_pages: list[URLPattern] = [path("install/<str:secret>/", install.install, name="install")]
"""Without a sign-in: the address is its own key."""
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((pages + open_pages, "company"))),
    path("", include("simplane.store.urls")),
    path("accounts/email/", RedirectView.as_view(pattern_name="mfa_index")),
    path("accounts/", include("allauth.urls")),
]
