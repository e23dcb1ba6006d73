"""Addresses of the SCIM server, the same on our host and on a company's."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from simplane.api.scim.views import scim

app_name = "scim"
urlpatterns: list[URLPattern] = [re_path(r"^scim/v2(?P<path>/.*)?$", scim, name="scim")]
