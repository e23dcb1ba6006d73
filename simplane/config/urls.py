"""Who gets which address. Webhooks are not here: the web process serves them before Django (api/intake.py)."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from simplane.hub.entrance import start

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start),
    path("", include("simplane.store.urls")),
    path("", include("simplane.api.urls")),
    path("", include("simplane.api.scim.urls")),
    path("console/", include("simplane.console.urls")),
    path("hub/", include("simplane.hub.urls")),
    # Invitations find people by their address, so nobody takes another one by themselves.
    path("accounts/email/", RedirectView.as_view(pattern_name="mfa_index")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
