"""Addresses for machines. Webhooks are served before Django (api/intake.py), and so, in its front row, are these."""

from __future__ import annotations

from django.urls import path

from simplane.api.health import PROBES

app_name = "api"
urlpatterns = [path(address.lstrip("/"), view, name=address.lstrip("/")) for address, view in PROBES.items()]
