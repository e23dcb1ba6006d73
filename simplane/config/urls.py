"""Who gets which address. Webhooks are not here: the web process serves them before Django (api/intake.py)."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/console/")),
    path("", include("simplane.store.urls")),
    path("", include("simplane.api.urls")),
    path("console/", include("simplane.console.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
