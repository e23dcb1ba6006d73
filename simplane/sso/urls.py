"""Addresses of a sign-in through a company's provider; only on companies' hosts (company/urls.py)."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.sso import saml_views, views

app_name = "sso"
urlpatterns: list[URLPattern] = [
    path("<str:public_id>/", views.start, name="start"),
    path("<str:public_id>/return/", views.oidc_return, name="return"),
    path("<str:public_id>/acs/", saml_views.acs, name="acs"),
    path("<str:public_id>/finish/<str:key>/", saml_views.finish, name="finish"),
    path("<str:public_id>/metadata.xml", saml_views.metadata, name="metadata"),
]
