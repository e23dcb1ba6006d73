"""Addresses of a company's settings."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import domains, settings_tabs

pages: list[URLPattern] = [
    path("settings/", settings_tabs.settings, name="settings"),
    path("settings/domains/", domains.domain_list, name="domains"),
    path("settings/domains/<str:name>/verify/", domains.verify_domain, name="verify_domain"),
    path("settings/domains/<str:name>/remove/", domains.remove_domain, name="remove_domain"),
]
