"""Addresses of people, teams, files and lines for many. Before `company/urls.py`'s own: they name what ids could be."""

from __future__ import annotations

from django.urls import URLPattern, path

from simplane.company import give_many, people_file, person_edit, places

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
]
open_pages: list[URLPattern] = []
