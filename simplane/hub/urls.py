"""The hub's addresses. Each view stands behind `shell.page`, but for those of people who are not signed in yet."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.hub import invited, join, modes, overview

app_name = "hub"
urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("join/", join.join, name="join"),
    path("invited/<str:secret>/", invited.invited, name="invited"),
    path("mode/", modes.mode, name="mode"),
    path("choose/", modes.choose, name="choose"),
    path("stop-acting/", modes.stop_acting, name="stop_acting"),
]
