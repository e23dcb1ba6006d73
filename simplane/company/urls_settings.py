"""Addresses of a company's settings."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import company_data, domains, groups, hr, keys, look, settings_tabs

pages: list[URLPattern] = [
    path("settings/", settings_tabs.settings, name="settings"),
    path("settings/company/", company_data.company_data, name="company_data"),
    path("settings/hr/", hr.hr, name="hr"),
    path("settings/hr/token/", hr.token_new, name="token_new"),
    path("settings/hr/<str:public_id>/revoke/", hr.token_revoke, name="token_revoke"),
    path("settings/groups/", groups.groups, name="groups"),
    path("settings/groups/<str:public_id>/", groups.group_means, name="group_means"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/new/", keys.key_new, name="key_new"),
    path("settings/keys/<str:public_id>/rotate/", keys.key_rotate, name="key_rotate"),
    path("settings/keys/<str:public_id>/revoke/", keys.key_revoke, name="key_revoke"),
    path("settings/branding/", look.branding, name="branding"),
    path("settings/domains/", domains.domain_list, name="domains"),
    path("settings/domains/<str:name>/verify/", domains.verify_domain, name="verify_domain"),
    path("settings/domains/<str:name>/remove/", domains.remove_domain, name="remove_domain"),
]
open_pages: list[URLPattern] = [
    path("look/logo.png", look.logo, name="logo"),
    path("look/style.css", look.style, name="look_style"),
]
"""Without a sign-in: how the pages of links look."""
