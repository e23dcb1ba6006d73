"""Addresses of a company's settings."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import company_data, domains, groups, hr, keys, look, settings_tabs
from simplane.company import sso_settings as sso

pages: list[URLPattern] = [
    path("settings/", settings_tabs.settings, name="settings"),
    path("settings/company/", company_data.company_data, name="company_data"),
    path("settings/sign-in/", sso.sign_in, name="sign_in"),
    path("settings/sign-in/glass/", sso.glass, name="glass"),
    path("settings/sign-in/<str:public_id>/", sso.connection, name="connection"),
    path("settings/sign-in/<str:public_id>/roles/", sso.connection_roles, name="connection_roles"),
    path("settings/sign-in/<str:public_id>/enforce/", sso.connection_enforce, name="connection_enforce"),
    path("settings/sign-in/<str:public_id>/do/<str:deed>/", sso.connection_deed, name="connection_deed"),
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
