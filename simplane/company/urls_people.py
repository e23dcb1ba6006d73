"""Addresses of people, teams, files, lines for many, my lines, members: before ids, for they name what ids could be."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import give_many, invited, lines_file, members, mine, people_file, person_edit, places, saved

pages: list[URLPattern] = [
    path("people/add/", person_edit.add, name="person_add"),
    path("people/export/", people_file.export, name="people_export"),
    path("people/file/", people_file.upload, name="people_file"),
    path("people/file/<str:public_id>/", people_file.plan, name="people_plan"),
    path("people/file/<str:public_id>/problems/", people_file.problems, name="people_problems"),
    path("people/<str:public_id>/edit/", person_edit.edit, name="person_edit"),
    path("people/<str:public_id>/leave/", person_edit.leave, name="person_leave"),
    path("people/<str:public_id>/rejoin/", person_edit.rejoin, name="person_rejoin"),
    path("teams/", places.teams, name="teams"),
    path("teams/add/", places.team_add, name="team_add"),
    path("teams/<str:public_id>/", places.team, name="team"),
    path("teams/<str:public_id>/remove/", places.team_remove, name="team_remove"),
    path("cost-centres/", places.cost_centres, name="cost_centres"),
    path("cost-centres/add/", places.cost_centre_add, name="cost_centre_add"),
    path("cost-centres/<str:public_id>/", places.cost_centre, name="cost_centre"),
    path("cost-centres/<str:public_id>/remove/", places.cost_centre_remove, name="cost_centre_remove"),
    path("lines/give/", give_many.give_many, name="give_many"),
    path("lines/give/do/", give_many.give_many_do, name="give_many_do"),
    path("lines/export/", lines_file.export, name="lines_export"),
    path("mine/", mine.mine, name="mine"),
    path("mine/ask/", mine.mine_ask, name="mine_ask"),
    path("mine/<str:public_id>/link/", mine.mine_link, name="mine_link"),
    path("mine/<str:public_id>/new-phone/", mine.mine_phone, name="mine_phone"),
    path("views/save/", saved.view_save, name="view_save"),
    path("views/<str:public_id>/remove/", saved.view_remove, name="view_remove"),
    path("members/", members.members, name="members"),
    path("members/invite/", members.member_invite, name="member_invite"),
    path("members/<str:number>/role/", members.member_role, name="member_role"),
    path("members/<str:number>/remove/", members.member_remove, name="member_remove"),
    path("members/invitations/<str:number>/<str:name>/", members.invitation_deed, name="invitation_deed"),
]
open_pages: list[URLPattern] = [path("invited/<str:secret>/", invited.invited, name="invited")]
