"""The hub's addresses. Each view stands behind `shell.page`, but for those of people who are not signed in yet."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from simplane.hub import invited, join, keys, modes, overview, team

app_name = "hub"
urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("join/", join.join, name="join"),
    path("invited/<str:secret>/", invited.invited, name="invited"),
    path("keys/", keys.keys, name="keys"),
    path("keys/new/", keys.key_new, name="key_new"),
    path("keys/<str:public_id>/rotate/", keys.key_rotate, name="key_rotate"),
    path("keys/<str:public_id>/revoke/", keys.key_revoke, name="key_revoke"),
    path("team/", team.team, name="team"),
    path("team/invite/", team.team_invite, name="team_invite"),
    path("team/<int:pk>/role/", team.member_role, name="member_role"),
    path("team/<int:pk>/remove/", team.member_remove, name="member_remove"),
    re_path(
        r"^invitations/(?P<pk>[0-9]+)/(?P<verb>again|withdraw)/$", team.invitation_action, name="invitation_action"
    ),
    path("mode/", modes.mode, name="mode"),
    path("choose/", modes.choose, name="choose"),
    path("stop-acting/", modes.stop_acting, name="stop_acting"),
]
