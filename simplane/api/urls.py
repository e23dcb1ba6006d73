"""Addresses for machines. Webhooks are served before Django (api/intake.py), and so, in its front row, are the probes."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from simplane.api.health import PROBES
from simplane.api.reference import reference

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    *[path(address.lstrip("/"), view, name=address.lstrip("/")) for address, view in PROBES.items()],
    path("api/docs", reference, name="reference"),
    path("api/v1/", include("simplane.api.v1.routes")),
]
